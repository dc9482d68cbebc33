#!lua
-- delivery-replay: sends a delivery again, with the same id, whatever its state.
--
-- KEYS[1] rules  hash  there while there is such a board
-- KEYS[2] due    zset  delivery -> when its next attempt is due, in ms
-- KEYS[3] busy   zset  delivery -> until when its attempt under way is claimed
-- KEYS[4] log    hash  as in lib/deliveries
-- ARGV[1] id
-- ARGV[2] max_pending  deliveries that may wait
--
-- Returns 'replayed', 'busy' (it is being sent), 'full' or 'unknown'

--#include "deliveries"
local rules, due, busy, log = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, max_pending = ARGV[1], tonumber(ARGV[2])
local call = redis.call

if call('EXISTS', rules) == 0 or call('HEXISTS', log, id .. ' body') == 0 then return 'unknown' end
local now = deliveries.now_ms()
deliveries.free_claims(busy, now)
if call('ZSCORE', busy, id) then return 'busy' end
if not call('ZSCORE', due, id) and call('ZCARD', due) >= max_pending then return 'full' end
call('HSET', log, id .. ' state', 'pending', id .. ' round', '0')
call('ZADD', due, deliveries.integer_text(now), id)
return 'replayed'
