#!lua
-- sweep-board: removes some keys of a board that is being deleted, and no key of one that was made again since.
--
-- KEYS[1]  meta  hash  as in apply-board
-- KEYS[2..] keys of the board; none when there are none left
--
-- Returns 'deleting', 'deleted' when none were left, or 'over' when somebody else has come to the end

local meta = KEYS[1]
local call = redis.call

if call('HGET', meta, 'rules') ~= 'deleting' then return 'over' end
if #KEYS == 1 then
  call('HSET', meta, 'rules', 'deleted')
  return 'deleted'
end
call('UNLINK', unpack(KEYS, 2))
return 'deleting'
