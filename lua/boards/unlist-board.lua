#!lua
-- unlist-board: takes a board from the list of all, unless it is the last one.
--
-- KEYS[1] registry  zset  board -> when its rules last changed
-- ARGV[1] board
--
-- Returns 'unlisted' or 'last'

local registry = KEYS[1]
local board = ARGV[1]
local call = redis.call

local others = call('ZCARD', registry) - (call('ZSCORE', registry, board) and 1 or 0)
if others == 0 then return 'last' end
call('ZREM', registry, board)
return 'unlisted'
