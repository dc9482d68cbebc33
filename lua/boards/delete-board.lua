#!lua
-- delete-board: ends a board: no write counts from now on, and its rules are gone. Its other keys are for purge-board.
--
-- KEYS[1] rules         hash  as in apply-board
-- KEYS[2] meta          hash  as in apply-board; from now on a tombstone, which tells nodes that come late
-- ARGV[1] tombstone_ms  how long the tombstone stays
--
-- Returns 'deleting', also where it was deleted before and keys are left, 'deleted' or 'unknown'

local rules, meta = KEYS[1], KEYS[2]
local tombstone_ms = ARGV[1]
local call = redis.call

local state = call('HGET', meta, 'revision')
if state == 'deleting' or state == 'deleted' then return state end
if call('EXISTS', rules) == 0 then return 'unknown' end
call('UNLINK', rules, meta)
call('HSET', meta, 'revision', 'deleting')
call('PEXPIRE', meta, tombstone_ms)
return 'deleting'
