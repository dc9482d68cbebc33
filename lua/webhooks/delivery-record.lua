#!lua
-- delivery-record: records the outcome of an attempt, and sets the time of the next one.
--
-- KEYS[1] rules  hash  there while there is such a board
-- KEYS[2] hook   hash  the settings and the state of a webhook
-- KEYS[3] due    zset  delivery -> when its next attempt is due, in ms
-- KEYS[4] busy   zset  delivery -> until when its attempt under way is claimed
-- KEYS[5] log    hash  as in lib/deliveries
-- KEYS[6] order  zset  delivery -> when it was made
-- KEYS[7] done   zset  delivery of this kind of event -> when it ended
-- ARGV[1] id
-- ARGV[2] token       of the claim
-- ARGV[3] outcome     'delivered', 'failed', 'refused' (the receiver wants no more), 'released' (no attempt was made)
-- ARGV[4] attempt     what the log keeps of the attempt
-- ARGV[5] delay_ms    until the next attempt, '' when this was the last
-- ARGV[6] rest_ms     how long nothing at all is sent to this webhook
-- ARGV[7] failing_ms  a webhook that has failed without a break for this long is disabled
-- ARGV[8] max_done    deliveries of a kind that have ended and are kept
-- ARGV[9] keep_ms     how long they are kept
--
-- Returns {state, due_ms}: 'delivered', 'retry', 'failed' (for good), 'disabled' (the webhook), 'released', or 'lost'
-- (the claim ran out, or the board was deleted); and when the next attempt is due, '0' where there is none.

--#include "deliveries"
local rules, hook, due, busy, log, order, done = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local id, token, outcome, attempt, delay_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local rest_ms, failing_ms = tonumber(ARGV[6]), tonumber(ARGV[7])
local max_done, keep_ms = tonumber(ARGV[8]), tonumber(ARGV[9])
local call, integer_text = redis.call, deliveries.integer_text

-- The keys of a board that is deleted go one after the other: none of them may be made again meanwhile.
if call('EXISTS', rules) == 0 or call('ZSCORE', busy, id) ~= token then return {'lost', '0'} end
local now = deliveries.now_ms()
local keys = {log = log, order = order, due = due, done = done}
call('ZREM', busy, id)
if outcome == 'released' then
  call('ZADD', due, integer_text(now), id)
  return {'released', integer_text(now)}
end
deliveries.add_attempt(log, id, attempt)
if outcome == 'delivered' then
  -- A rest stays: another attempt that was under way meanwhile may have been asked for it.
  call('HDEL', hook, 'failing_since')
  call('HSET', hook, 'delivered', integer_text(now))
  deliveries.finish(keys, id, 'delivered', now, max_done, keep_ms)
  return {'delivered', '0'}
end

call('HSETNX', hook, 'failing_since', integer_text(now))
call('HINCRBY', log, id .. ' round', 1)
-- The longest rest that was asked for holds.
if rest_ms > 0 then
  local asked_before = tonumber(call('HGET', hook, 'rest_until') or 0)
  call('HSET', hook, 'rest_until', integer_text(math.max(now + rest_ms, asked_before)))
end
local failing = now - call('HGET', hook, 'failing_since') >= failing_ms
local is_disabled = outcome == 'refused' or failing
if is_disabled then
  local why = outcome == 'refused' and 'gone' or 'failing'
  call('HSET', hook, 'state', 'disabled', 'why', why, 'since', integer_text(now))
end
-- A refused delivery waits with the others until the webhook is enabled.
if outcome == 'refused' then delay_ms = '0' end
if delay_ms == '' then
  deliveries.finish(keys, id, 'failed', now, max_done, keep_ms)
  return {is_disabled and 'disabled' or 'failed', '0'}
end
local at = math.max(now + tonumber(delay_ms), now + rest_ms)
call('ZADD', due, integer_text(at), id)
return {is_disabled and 'disabled' or 'retry', integer_text(at)}
