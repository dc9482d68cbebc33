#!lua
-- webhook-apply: makes a webhook of a board, or gives it other settings.
--
-- KEYS[1] rules  hash  there while there is such a board
-- KEYS[2] names  set   the webhooks of the board
-- KEYS[3] hook   hash  the settings and the state of one
-- ARGV[1] name
-- ARGV[2] url
-- ARGV[3] events      names, separated by commas
-- ARGV[4] interval    seconds between two top.changed
-- ARGV[5] secret      '' to keep the one that it has
-- ARGV[6] made        the secret of a new one where none is given
-- ARGV[7] id          of a new one
-- ARGV[8] max_count   webhooks of a board
-- ARGV[9] overlap_ms  how long both secrets sign after a change
--
-- Returns 'created', 'changed', 'gone' (there is no such board) or 'full'

--#include "deliveries"
local rules, names, hook = KEYS[1], KEYS[2], KEYS[3]
local name, url, events, interval = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local secret, made, id = ARGV[5], ARGV[6], ARGV[7]
local max_count, overlap_ms = tonumber(ARGV[8]), tonumber(ARGV[9])
local call = redis.call

if call('EXISTS', rules) == 0 then return 'gone' end
local now = deliveries.now_ms()
local stored = call('HMGET', hook, 'id', 'url', 'secret')
if not stored[1] then
  if call('SCARD', names) >= max_count then return 'full' end
  if secret == '' then secret = made end
  call('SADD', names, name)
  call('HSET', hook, 'id', id, 'state', 'enabled', 'created', deliveries.integer_text(now), 'secret', secret)
elseif secret ~= '' and secret ~= stored[3] then
  call('HSET', hook, 'secret', secret, 'old_secret', stored[3], 'old_until', deliveries.integer_text(now + overlap_ms))
end
-- Another url is another receiver: what is known of the former one does not hold for it.
if stored[2] ~= url then call('HDEL', hook, 'failing_since', 'rest_until') end
call('HSET', hook, 'url', url, 'events', events, 'interval', interval, 'changed', deliveries.integer_text(now))
return stored[1] and 'changed' or 'created'
