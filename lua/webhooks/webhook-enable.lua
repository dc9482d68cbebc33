#!lua
-- webhook-enable: enables a webhook that was disabled: each delivery that waits is due now, with a schedule of its own.
--
-- KEYS[1] rules  hash  there while there is such a board
-- KEYS[2] hook   hash  the settings and the state of a webhook
-- KEYS[3] due    zset  delivery -> when its next attempt is due, in ms
-- KEYS[4] busy   zset  delivery -> until when its attempt under way is claimed
-- KEYS[5] log    hash  as in lib/deliveries
--
-- Returns 'enabled', also where it was, or 'unknown'

--#include "deliveries"
local rules, hook, due, busy, log = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local call = redis.call

local state = call('HGET', hook, 'state')
if not state or call('EXISTS', rules) == 0 then return 'unknown' end
if state == 'enabled' then return 'enabled' end
local now = deliveries.now_ms()
call('HSET', hook, 'state', 'enabled')
call('HDEL', hook, 'why', 'since', 'failing_since', 'rest_until')
deliveries.free_claims(busy, now)
-- At most the deliveries that may wait: some hundreds.
for _, id in ipairs(call('ZRANGE', due, 0, -1)) do
  if not call('ZSCORE', busy, id) then
    call('ZADD', due, deliveries.integer_text(now), id)
    call('HSET', log, id .. ' round', '0')
  end
end
return 'enabled'
