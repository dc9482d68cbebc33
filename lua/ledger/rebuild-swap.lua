#!lua
-- rebuild-swap: puts a board that was made anew in the place of what there was, and opens it.
--
-- KEYS[1] meta       hash    epoch, version and last sequence number of the board, the revision of its rules, and who
--                            made it anew last
-- KEYS[2] rules      hash    revision of the rules
-- KEYS[3] rebuilder  string  who has closed the board
-- KEYS[4] ledger     stream  where nothing may have been written since the drafts were made
-- KEYS[5..]  pairs of a key and its draft, and then keys that go
--
-- ARGV[1] id        who has closed it
-- ARGV[2] revision  of the rules that it was made anew by
-- ARGV[3] last      id of the last entry in the drafts
-- ARGV[4] sequence  the last sequence number in the drafts' heads
-- ARGV[5] channel   where hints are published
-- ARGV[6] pairs     how many pairs
-- ARGV[7..]         for each pair until when the key is kept in ms, 0 for ever
--
-- Returns 'swapped', also where that was done before, or with nothing done 'lost' where the board is not closed any
-- more or a draft is gone, 'written' where something was written since.

--#include "streams"
local meta, rules, rebuilder, ledger = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, revision, last, sequence, channel, pairs_count = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local call = redis.call

if call('HGET', meta, 'rebuilder') == id then return 'swapped' end
if call('GET', rebuilder) ~= id or call('HGET', meta, 'revision') ~= 'closed' or call('HGET', rules, 'revision') ~= revision then return 'lost' end
if streams.last_id(ledger) ~= last then return 'written' end
for pair = 1, pairs_count do
  if call('EXISTS', KEYS[4 + 2 * pair]) == 0 then return 'lost' end
end

-- To give the memory of a large key back takes seconds: UNLINK leaves it to another thread, where RENAME over it
-- would not.
for k = 5 + 2 * pairs_count, #KEYS do call('UNLINK', KEYS[k]) end
for pair = 1, pairs_count do
  local key, draft, expires_ms = KEYS[3 + 2 * pair], KEYS[4 + 2 * pair], ARGV[6 + pair]
  call('UNLINK', key)
  call('RENAME', draft, key)
  if expires_ms == '0' then call('PERSIST', key) else call('PEXPIREAT', key, expires_ms) end
end

-- Another epoch: everybody who watches begins anew. Those who are banned from all boards are banned from this one
-- already.
local clock = call('TIME')
local now_us = clock[1] * 1000000 + clock[2]
call('HSET', meta, 'epoch', string.format('%x', now_us), 'version', '1', 'sequence', sequence, 'revision', revision, 'service_bans', '1', 'rebuilder', id)
call('DEL', rebuilder)
call('PUBLISH', channel, '1')
return 'swapped'
