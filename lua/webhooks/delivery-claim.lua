#!lua
-- delivery-claim: claims the delivery of a webhook that is due first, for one attempt.
--
-- KEYS[1] rules  hash  there while there is such a board
-- KEYS[2] hook   hash  the settings and the state of a webhook
-- KEYS[3] due    zset  delivery -> when its next attempt is due, in ms
-- KEYS[4] busy   zset  delivery -> until when its attempt under way is claimed
-- KEYS[5] log    hash  as in lib/deliveries
-- ARGV[1] claim_ms  how long the claim lasts; then another worker may claim the delivery
-- ARGV[2] max_busy  attempts under way
--
-- Returns {'claimed', id, token, body, round, attempted_ms, url, secret, old_secret}, old_secret '' for none;
-- {'wait', ms} with the time when something is due; or {'idle'}: nothing is due, or other workers send it.

--#include "deliveries"
local rules, hook, due, busy, log = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local claim_ms, max_busy = tonumber(ARGV[1]), tonumber(ARGV[2])
local call, integer_text = redis.call, deliveries.integer_text

local stored = call('HMGET', hook, 'state', 'rest_until', 'url', 'secret', 'old_secret', 'old_until')
if stored[1] ~= 'enabled' or call('EXISTS', rules) == 0 then return {'idle'} end
local now = deliveries.now_ms()
if stored[6] and tonumber(stored[6]) <= now then
  call('HDEL', hook, 'old_secret', 'old_until')
  stored[5] = false
end
deliveries.free_claims(busy, now)
if call('ZCARD', busy) >= max_busy then return {'idle'} end
local first = call('ZRANGE', due, 0, 0, 'WITHSCORES')
if #first == 0 then return {'idle'} end
local from = math.max(tonumber(first[2]), tonumber(stored[2] or 0))
if from > now then return {'wait', integer_text(from)} end

local id, token = first[1], integer_text(now + claim_ms)
call('ZADD', busy, token, id)
call('ZADD', due, token, id)
local content = call('HMGET', log, id .. ' body', id .. ' round')
return {'claimed', id, token, content[1], content[2], integer_text(now), stored[3], stored[4], stored[5] or ''}
