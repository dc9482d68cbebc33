#!lua
-- apply-board: makes a board, or gives it other rules, where it still has the rules that the caller saw.
--
-- KEYS[1] rules   hash    json and revision of the rules; when the board was created and last changed, in µs of
--                         Redis' time, and where
--                         a board of its name was deleted before, `anew`: when it was made anew
-- KEYS[2] meta    hash    its field revision is the revision by which every write is judged; or where the board was
--                         deleted
--                         'deleting' or 'deleted', and 'closed' while the board is made anew from the ledger
-- KEYS[3] ledger  stream  has entries of the board since its first write; may be there before, and hold those of a
--                         deleted board
-- ARGV[1] if_revision revision that the caller saw, '' where there were no rules
-- ARGV[2] revision    of the new rules
-- ARGV[3] json        the new rules
-- ARGV[4] corrupting  '1' where the scores that a board has would be wrong by the new rules
-- ARGV[5] anew        '1' where a board that was deleted may be made again
--
-- Returns {word, changed}: 'created', 'changed' or 'same' (the rules are these already) with the time of the last
-- change; or with nothing done and '0': 'outdated' (the rules are others than the caller saw), 'kept' (the board has
-- scores), 'deleting' (keys of the deleted board are left), 'deleted' (and it is not to be made again)

--#include "streams"
local rules, meta, ledger = KEYS[1], KEYS[2], KEYS[3]
local if_revision, revision, json, corrupting, anew = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local call = redis.call

local stored = call('HMGET', rules, 'revision', 'changed', 'created')
local present, changed = stored[1] or '', stored[2] or '0'
local tombstone = call('HGET', meta, 'revision')
if present == revision then
  if tombstone ~= 'closed' then call('HSET', meta, 'revision', revision) end
  return {'same', changed}
end
if present ~= if_revision then return {'outdated', '0'} end

local is_deleted = tombstone == 'deleting' or tombstone == 'deleted'
if is_deleted and anew ~= '1' then return {'deleted', '0'} end
if tombstone == 'deleting' then return {'deleting', '0'} end
local last_ms = tonumber(string.match(streams.last_id(ledger), '^%d+'))
local has_scores = call('HEXISTS', meta, 'epoch') == 1 or (last_ms > 0 and last_ms >= math.floor(tonumber(stored[3] or 0) / 1000))
if corrupting == '1' and has_scores then return {'kept', '0'} end

local clock = call('TIME')
local now_us = math.max(clock[1] * 1000000 + clock[2], tonumber(changed) + 1)
-- An entry's time says by which rules it was written: those of one millisecond have the same.
if present ~= '' and last_ms >= math.floor(now_us / 1000) then
  now_us = (last_ms + 1) * 1000
  call('XSETID', ledger, string.format('%.0f-0', last_ms + 1))
end
local now = string.format('%.0f', now_us)
if is_deleted then
  call('UNLINK', meta) -- and with it the end that it would have
  call('HSET', rules, 'anew', now)
end
call('HSETNX', rules, 'created', now)
call('HSET', rules, 'json', json, 'revision', revision, 'changed', now)
if tombstone ~= 'closed' then call('HSET', meta, 'revision', revision) end
return {present == '' and 'created' or 'changed', now}
