#!lua
-- purge-board: removes some keys of a board that is being deleted, and no key of one that was made again since.
--
-- KEYS[1]  meta    hash    as in apply-board
-- KEYS[2]  ledger  stream  goes last; one that has a consumer group is for archive-end, when all of it is archived
-- KEYS[3..] keys of the board; none when there are none left
--
-- Returns 'deleting', 'deleted' when none were left, or 'ended' when another node has finished

local meta, ledger = KEYS[1], KEYS[2]
local call = redis.call

if call('HGET', meta, 'revision') ~= 'deleting' then return 'ended' end
if #KEYS == 2 then
  if call('EXISTS', ledger) == 1 and #call('XINFO', 'GROUPS', ledger) == 0 then call('UNLINK', ledger) end
  call('HSET', meta, 'revision', 'deleted')
  return 'deleted'
end
call('UNLINK', unpack(KEYS, 3))
return 'deleting'
