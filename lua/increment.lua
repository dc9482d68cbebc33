#!lua
-- increment: applies a group of increments to one board, each action exactly once.
--
-- KEYS[1] meta     hash    epoch, version and last sequence number of the board
-- KEYS[2] gate     string  there while a hint is fresh: no second one is published
-- KEYS[3] names    hash    user -> username
-- KEYS[4] ledger   stream  one entry for each applied increment
-- KEYS[5..] for each window:
--         scores   zset    user -> score
--         head     hash    the first `head_size` users -> sequence number of reaching their score
--      then for each item:
--         seen     hash    action digest -> "increment score", with " mark" where a catalogue's action gave the points;
--                          slot of the running day
--         before   hash    the same action's slot of the day before
--         quota    string  increments of the user in the running period
--      then for each item with a limit:
--         limit    string  times that the user has done the action in the running period of its limit
--
-- ARGV[1]  windows       how many windows the board has
-- ARGV[2]  from_ms       the keys above are right from this time of Redis' clock ...
-- ARGV[3]  until_ms      ... until before this one
-- ARGV[4]  seen_until_ms when the slots of the running day may go
-- ARGV[5]  memory_ms     how long an action is remembered at least
-- ARGV[6]  max_score     no window's score may pass it
-- ARGV[7]  head_size     users in a full head
-- ARGV[8]  quota_max     increments a user may make ...
-- ARGV[9]  quota_ms      ... in a period of this length
-- ARGV[10] gate_ms       least time between two hints
-- ARGV[11] channel       where hints are published
-- ARGV[12] ledger_max    entries the ledger keeps, about
-- ARGV[13] items         JSON: for each item [user, name ('' if none came), action id, action digest, increment,
--                        ms that the action id carries (0 if none), actor, ip, request id], the increment as text;
--                        where a catalogue's action gives the points also its name and mark, and where that has a
--                        limit the times that a user may do it, and in how many ms
-- ARGV[14..] for each window: until when its keys are kept in ms, 0 for ever
--
-- Returns one text, its parts divided by spaces: 'clock' now_ms with nothing done when the keys are of another time, else
-- 'done' now_ms, and a word and a number for each item in order:
-- 'applied' score, 'replayed' score, 'repriced' score/increment (a replay of what gave another increment then), 'mismatch' 0,
-- 'too_old' 0, 'quota' retry_ms, 'limit' retry_ms, 'score_limit' 0

local call, number, text = redis.call, tonumber, string.format
local meta, gate, names, ledger = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local window_count = number(ARGV[1])
local from_ms, until_ms, seen_until_ms, memory_ms = number(ARGV[2]), number(ARGV[3]), ARGV[4], number(ARGV[5])
local max_score, head_size = number(ARGV[6]), number(ARGV[7])
local quota_max, quota_ms = number(ARGV[8]), ARGV[9]
local gate_ms, channel, ledger_max = ARGV[10], ARGV[11], ARGV[12]
local FUTURE_MS = 300000 -- how far an action id's own time may be ahead of Redis' clock

local clock = call('TIME')
local now_us = clock[1] * 1000000 + clock[2]
local now_ms = math.floor(now_us / 1000)
if now_ms < from_ms or now_ms >= until_ms then return 'clock ' .. text('%.0f', now_ms) end

local function score_at(scores, index)
  return number(call('ZRANGE', scores, index, index, 'REV', 'WITHSCORES')[2])
end

local windows = {}
for w = 1, window_count do
  local scores = KEYS[3 + 2 * w]
  windows[w] = {
    scores = scores, head = KEYS[4 + 2 * w], expires_ms = ARGV[13 + w],
    top = score_at(scores, 0), floor = score_at(scores, head_size - 1) or 0
  }
end

local items, points = cjson.decode(ARGV[13]), 0
for _, item in ipairs(items) do points = points + number(item[5]) end

-- One comparison for the group instead of a ZSCORE for each item: while the first of every window
-- could take all the group's points, nobody can pass the limit.
local near_limit = false
for w = 1, window_count do
  if (windows[w].top or 0) + points > max_score then near_limit = true end
end

local stored = call('HMGET', meta, 'epoch', 'version', 'sequence')
local epoch, version, sequence = stored[1], number(stored[2] or 0), number(stored[3] or 0)
local head_changed = false

local function passes_limit(user, increment)
  for w = 1, window_count do
    local score = number(call('ZSCORE', windows[w].scores, user) or 0)
    if score + number(increment) > max_score then return true end
  end
  return false
end

-- Whoever reached the lowest score of the head last leaves it.
local function drop_last(window)
  local pairs_of_head = call('HGETALL', window.head)
  local users = {}
  for i = 1, #pairs_of_head, 2 do users[#users + 1] = pairs_of_head[i] end
  local scores = call('ZMSCORE', window.scores, unpack(users))
  local last, last_score, last_sequence
  for i, user in ipairs(users) do
    local score, reached = number(scores[i]), number(pairs_of_head[2 * i])
    if not last or score < last_score or (score == last_score and reached > last_sequence) then
      last, last_score, last_sequence = user, score, reached
    end
  end
  call('HDEL', window.head, last)
end

-- The floor is the lowest score of a full head, 0 before. Who scores above it is in the head or
-- enters it; who is at or below it is neither, because the others were there first.
local function raise(window, user, increment)
  local reached = call('ZINCRBY', window.scores, increment, user)
  if number(reached) > window.floor then
    sequence = math.max(sequence + 1, now_us)
    head_changed = true
    if call('HSET', window.head, user, text('%.0f', sequence)) == 1 then
      local size = call('HLEN', window.head)
      if size > head_size then drop_last(window) end
      if size >= head_size then window.floor = score_at(window.scores, head_size - 1) end
    end
  end
  return reached
end

local NOTHING = {}

local function apply(item, seen, before, quota, limit)
  local user, name, action, digest, increment, made_ms, actor, ip, request, kind, kind_mark, limit_max, limit_ms = unpack(item)
  local mark = kind and ' ' .. kind_mark or ''
  local known = call('HGET', seen, digest) or call('HGET', before, digest)
  if known then
    local counted, score, counted_mark = string.match(known, '^(%d+) (%d+)(.*)$')
    if counted_mark ~= mark then return 'mismatch', '0' end
    if kind and counted ~= increment then return 'repriced', score .. '/' .. counted end
    if counted ~= increment then return 'mismatch', '0' end
    return 'replayed', score
  end
  -- An id from the future is remembered from now on, not from its own time: so much earlier it is too old.
  if made_ms > 0 and (now_ms - made_ms > memory_ms - FUTURE_MS or made_ms - now_ms > FUTURE_MS) then return 'too_old', '0' end
  if near_limit and passes_limit(user, increment) then return 'score_limit', '0' end
  local done = limit and number(call('GET', limit) or 0)
  if limit and done >= limit_max then return 'limit', text('%.0f', call('PTTL', limit)) end
  local used = call('INCR', quota)
  if used > quota_max then
    call('DECR', quota) -- a refusal leaves no trace
    return 'quota', text('%.0f', call('PTTL', quota))
  end

  if used == 1 then call('PEXPIRE', quota, quota_ms) end
  if limit and call('INCR', limit) == 1 then call('PEXPIRE', limit, limit_ms) end
  if name ~= '' and call('HGET', names, user) ~= name then call('HSET', names, user, name) end
  local score = raise(windows[1], user, increment)
  for w = 2, window_count do raise(windows[w], user, increment) end
  call('HSET', seen, digest, increment .. ' ' .. score .. mark)
  if call('HLEN', seen) == 1 then call('PEXPIREAT', seen, seen_until_ms) end
  call('XADD', ledger, '*', 'user', user, 'action', action, 'increment', increment, 'score', score,
    'actor', actor, 'ip', ip, 'request', request, unpack(kind and {'action_type', kind} or NOTHING))
  return 'applied', score
end

local answers = {'done', text('%.0f', now_ms)}
local last_key = 4 + 2 * window_count + 3 * #items
for i, item in ipairs(items) do
  local k, limit = 2 + 2 * window_count + 3 * i, nil
  if item[12] then
    last_key = last_key + 1
    limit = KEYS[last_key]
  end
  answers[2 * i + 1], answers[2 * i + 2] = apply(item, KEYS[k], KEYS[k + 1], KEYS[k + 2], limit)
end
call('XTRIM', ledger, 'MAXLEN', '~', ledger_max)

for w = 1, window_count do
  local window = windows[w]
  if not window.top and window.expires_ms ~= '0' then
    call('PEXPIREAT', window.scores, window.expires_ms)
    call('PEXPIREAT', window.head, window.expires_ms)
  end
end

if head_changed then
  version = version + 1
  call('HSET', meta, 'epoch', epoch or text('%x', now_us), 'version', text('%.0f', version),
    'sequence', text('%.0f', sequence))
  if call('SET', gate, 1, 'PX', gate_ms, 'NX') then call('PUBLISH', channel, text('%.0f', version)) end
end
return table.concat(answers, ' ')
