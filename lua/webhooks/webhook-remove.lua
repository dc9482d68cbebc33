#!lua
-- webhook-remove: removes a webhook with all that it has.
--
-- KEYS[1]   names  set  the webhooks of the board
-- KEYS[2..]        every key of the webhook
-- ARGV[1]   name
--
-- Returns 'removed' or 'unknown'

local names = KEYS[1]
local name = ARGV[1]
local call = redis.call

local was = call('SREM', names, name)
call('UNLINK', unpack(KEYS, 2))
return was == 1 and 'removed' or 'unknown'
