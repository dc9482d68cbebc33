#!lua
-- rebuild-close: closes a board for writes, so that it can be made anew from the ledger.
--
-- KEYS[1] meta       hash    epoch of a board that has had scores; its field revision is 'closed' from now on
-- KEYS[2] rules      hash    revision of the rules
-- KEYS[3] rebuilder  string  who has closed it; gone when that one is, and then anybody may open the board
-- KEYS[4] ledger     stream  goes on behind what is archived, whatever the clock says
-- ARGV[1] id         who closes it
-- ARGV[2] lasts_ms   for how long it is closed, unless that is renewed
-- ARGV[3] revision   of the rules that it is to be made anew by
-- ARGV[4] which      'empty', or 'any' where it may have scores
-- ARGV[5] last       id of the last entry that is archived, '0-0' for none
--
-- Returns 'closed', or with nothing done 'other' while somebody else has it closed, 'outdated' where it has other
-- rules, 'scores'.

--#include "streams"
local meta, rules, rebuilder, ledger = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, lasts_ms, revision, which, last = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local call = redis.call

local owner = call('GET', rebuilder)
if owner and owner ~= id then return 'other' end
if call('HGET', rules, 'revision') ~= revision then return 'outdated' end
if which == 'empty' and call('HEXISTS', meta, 'epoch') == 1 then return 'scores' end

call('SET', rebuilder, id, 'PX', lasts_ms)
call('HSET', meta, 'revision', 'closed')

local function place_of(entry)
  local ms, seq = string.match(entry, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end

local ms, seq = place_of(last)
local stream_ms, stream_seq = place_of(streams.last_id(ledger))
if stream_ms < ms or (stream_ms == ms and stream_seq < seq) then call('XSETID', ledger, last) end
return 'closed'
