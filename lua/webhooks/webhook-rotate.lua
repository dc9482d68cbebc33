#!lua
-- webhook-rotate: gives a webhook another secret; the one before signs as well for a time.
--
-- KEYS[1] hook        hash  the settings and the state of a webhook
-- ARGV[1] secret
-- ARGV[2] overlap_ms  how long both sign
--
-- Returns 'rotated', 'same' (it is the secret already) or 'unknown'

--#include "deliveries"
local hook = KEYS[1]
local secret, overlap_ms = ARGV[1], tonumber(ARGV[2])
local call = redis.call

local present = call('HGET', hook, 'secret')
if not present then return 'unknown' end
if present == secret then return 'same' end
local now = deliveries.now_ms()
local integer_text = deliveries.integer_text
call('HSET', hook, 'secret', secret, 'changed', integer_text(now))
call('HSET', hook, 'old_secret', present, 'old_until', integer_text(now + overlap_ms))
return 'rotated'
