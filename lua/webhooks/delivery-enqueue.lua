#!lua
-- delivery-enqueue: makes a delivery of an event to one webhook, once.
--
-- KEYS[1] rules  hash  there while there is such a board
-- KEYS[2] hook   hash  the settings and the state of a webhook
-- KEYS[3] due    zset  delivery -> when its next attempt is due, in ms
-- KEYS[4] busy   zset  delivery -> until when its attempt under way is claimed
-- KEYS[5] log    hash  as in lib/deliveries
-- KEYS[6] order  zset  delivery -> when it was made
-- KEYS[7] done   zset  delivery of this kind of event -> when it ended
-- KEYS[8] marks  hash  what was published last
-- ARGV[1] hook_id      as the caller knows the webhook
-- ARGV[2] id           of the event, and so of the delivery
-- ARGV[3] kind         of event
-- ARGV[4] body
-- ARGV[5] field        of the marks, '' for none
-- ARGV[6] mark         nothing is done where the field holds this already
-- ARGV[7] newest       '1' where only the newest event of this kind is worth sending: one that waits is replaced
-- ARGV[8] max_pending  deliveries that may wait
-- ARGV[9] max_done     deliveries of a kind that have ended and are kept
-- ARGV[10] keep_ms     how long they are kept
--
-- Returns 'enqueued', 'replaced' (likewise, in place of one that waited), 'known', 'early' (the interval
-- has not passed), 'busy' (the one before is being sent), 'full', or 'gone' (there is no such webhook any more)

--#include "deliveries"
local rules, hook, due, busy, log, order = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local done, marks = KEYS[7], KEYS[8]
local hook_id, id, kind, body, field, mark = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local newest, max_pending, max_done, keep_ms = ARGV[7] == '1', tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local call, integer_text = redis.call, deliveries.integer_text

local stored = call('HMGET', hook, 'id', 'interval')
if stored[1] ~= hook_id or call('EXISTS', rules) == 0 then return 'gone' end
if field ~= '' and call('HGET', marks, field) == mark then return 'known' end
local now = deliveries.now_ms()
if call('HEXISTS', log, id .. ' body') == 1 then
  if field ~= '' then call('HSET', marks, field, mark) end
  return 'known'
end

local at, round, replaced = now, '0', nil
if newest then
  local last = call('HMGET', marks, 'newest', 'newest_at')
  if last[2] and now < last[2] + stored[2] * 1000 then return 'early' end
  deliveries.free_claims(busy, now)
  if last[1] and call('ZSCORE', busy, last[1]) then return 'busy' end
  replaced = last[1] and call('ZSCORE', due, last[1]) and last[1]
  -- The new one waits as long as the one before would have: a receiver that is down gets no more attempts for it.
  if replaced then at, round = tonumber(call('ZSCORE', due, replaced)), call('HGET', log, replaced .. ' round') end
elseif call('ZCARD', due) >= max_pending then
  -- An event with a mark is published later, and the caller that asks for a test gets the answer at once.
  if field == '' and kind ~= 'webhook.test' then call('HINCRBY', hook, 'dropped', 1) end
  return 'full'
end

if replaced then
  deliveries.finish({log = log, order = order, due = due, done = done}, replaced, 'superseded', now, max_done, keep_ms)
end
deliveries.add(log, order, id, kind, body, now)
call('HSET', log, id .. ' round', round)
call('ZADD', due, integer_text(at), id)
if newest then call('HSET', marks, 'newest', id, 'newest_at', integer_text(now)) end
if field ~= '' then call('HSET', marks, field, mark) end
return replaced and 'replaced' or 'enqueued'
