#!lua
-- mark-service-bans: marks that the bans from all boards were applied to a board, where it is still the same board.
--
-- KEYS[1] meta   hash  of the board: a tombstone, where it was deleted, or nothing
-- ARGV[1] revision  revision of the rules that the board was known by
--
-- Returns 'marked', or 'other' where the board is not there or has other rules: then it is asked again.

local meta = KEYS[1]
local revision = ARGV[1]

if redis.call('HGET', meta, 'revision') ~= revision then return 'other' end
redis.call('HSET', meta, 'service_bans', 1)
return 'marked'
