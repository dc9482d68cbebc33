#!lua
-- forget-ban: forgets a ban from all boards that has ended; the boards lift theirs by themselves.
--
-- KEYS[1] bans    hash  user -> JSON of the ban
-- ARGV[1] user    whose
-- ARGV[2] now_ms  the time
--
-- Returns 'forgotten', or 'kept' where there is none, or one that has not ended.

--#include "bans"
local service_bans = KEYS[1]
local user, now_ms = ARGV[1], tonumber(ARGV[2])

if bans.ban_state(redis.call('HGET', service_bans, user), now_ms) ~= 'ban_over' then return 'kept' end
redis.call('HDEL', service_bans, user)
return 'forgotten'
