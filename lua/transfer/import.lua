#!lua
-- import: gives users scores in one window, as they are elsewhere. The same rows again change nothing.
--
-- KEYS[1] meta     hash    epoch, version and last sequence number of the board, and the revision of its rules
-- KEYS[2] gate     string  there while a hint is fresh: no second one is published
-- KEYS[3] names    hash    user -> username
-- KEYS[4] ledger   stream  one entry for each row that has changed something
-- KEYS[5] banned   hash    user -> JSON of the ban
-- KEYS[6] current  hash    user -> the segments that the user is in, as name:value, one a line
-- KEYS[7] former   hash    user -> those the user has left, likewise
-- KEYS[8] hidden    zset    user -> score of those who are banned, in the window that is written; of a segment
--                           likewise, who is in it
-- KEYS[9..] for the window that is written, and where that one runs for each other that runs:
--         scores   zset    user -> score, as the board stores it; with ':' and name:value behind the same of a segment
--         head     hash    the first `head_size` users -> sequence number of reaching their score; of a segment
--                          likewise
--
-- ARGV[1]  from_ms     the keys above are right from this time of Redis' clock ...
-- ARGV[2]  until_ms    ... until before this one
-- ARGV[3]  revision    revision of the rules that the rows were judged by
-- ARGV[4]  head_size   users in a full head
-- ARGV[5]  gate_ms     least time between two hints
-- ARGV[6]  channel     where hints are published
-- ARGV[7]  ledger_max  entries the ledger holds, as in increment
-- ARGV[8]  sign        '-' where scores are stored negative
-- ARGV[9]  window      name of the window that is written
-- ARGV[10] time        'running', or 'past': there a row's segments are those of then, and nothing changes but that
--                      window
-- ARGV[11] origin      JSON: [actor, ip, request id]
-- ARGV[12] rows        JSON: for each row [user, name ('' if none came), score as text, name:value of each segment (0
--                      if none came)]
-- ARGV[13..] for each window: until when its keys are kept in ms, 0 for ever
--
-- Returns {word, now_ms, results}: with nothing done 'stale_keys' and 'outdated', as in increment.lua, or 'full' when
-- the ledger is and nothing of it may be dropped; else 'done' and for each row 'set', 'same' or 'hidden' (it counts,
-- and the user is banned), divided by spaces.
--
-- Twin for rebuilds: src/leaderboard/ledger/fold.ts does the same to a user's events.

--#include "boards"
--#include "heads"
--#include "segments"
local call, number = redis.call, tonumber
local meta, gate, names, ledger, banned = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local current, former, hidden = KEYS[6], KEYS[7], KEYS[8]
local from_ms, until_ms, revision, head_size = number(ARGV[1]), number(ARGV[2]), ARGV[3], number(ARGV[4])
local gate_ms, channel, ledger_max = ARGV[5], ARGV[6], number(ARGV[7])
local sign, window_name, is_past, origin, rows = ARGV[8], ARGV[9], ARGV[10] == 'past', cjson.decode(ARGV[11]), cjson.decode(ARGV[12])

local board = boards.open(meta)
local now_ms = boards.integer_text(board.now_ms)
if board.now_ms < from_ms or board.now_ms >= until_ms then return {'stale_keys', now_ms, ''} end
if board.revision and board.revision ~= revision then return {'outdated', now_ms, ''} end
if boards.is_full(ledger, #rows, ledger_max) then return {'full', now_ms, ''} end

local function expire(window)
  if window.expires_ms == '0' then return end
  call('PEXPIREAT', window.scores, window.expires_ms)
  call('PEXPIREAT', window.head, window.expires_ms)
end

local opened = {}

local function open(scores, head, expires_ms)
  local window = opened[scores]
  if not window then
    window = heads.open(board, scores, head, head_size)
    window.expires_ms = expires_ms
    opened[scores] = window
  end
  return window
end

local windows = {}
for k = 9, #KEYS, 2 do windows[#windows + 1] = open(KEYS[k], KEYS[k + 1], ARGV[13 + (k - 9) / 2]) end

local function segment_of(window, segment)
  return open(segments.key_of(window.scores, segment), segments.key_of(window.head, segment), window.expires_ms)
end

-- The segments of a user follow the scores of every window that runs. Whether any of them has changed.
local function settle_segments(user, given)
  local before = call('HGET', current, user)
  local now, left = segments.move(current, former, user, given)
  local moved = before ~= call('HGET', current, user)
  for _, window in ipairs(windows) do
    local score = call('ZSCORE', window.scores, user)
    for _, segment in ipairs(left) do heads.remove(segment_of(window, segment), user) end
    for _, segment in ipairs(now) do
      if score then moved = heads.put(segment_of(window, segment), user, score) or moved end
    end
  end
  return moved
end

-- In a past window a user stays where it was then, but for the segments that a row names. Returns all of them, and
-- those left.
local function segments_then(key, user, given)
  local before = call('ZSCORE', key, user) and segments.within(key, user, segments.ever(current, former, user))
  return segments.merge(before or segments.move(current, former, user), is_past and given or {})
end

local function put_in_past(window, user, stored, given)
  local segment_list, left = segments_then(window.scores, user, given)
  local moved = #left > 0
  for _, segment in ipairs(left) do heads.remove(segment_of(window, segment), user) end
  for _, segment in ipairs(segment_list) do moved = heads.put(segment_of(window, segment), user, stored) or moved end
  segments.remember(current, former, user, segment_list)
  return heads.put(window, user, stored), moved
end

local function put_hidden(user, stored, given)
  local segment_list, left = segments_then(hidden, user, given)
  local moved = #segments.within(hidden, user, segment_list) < #segment_list or #left > 0
  segments.unmark(hidden, user, left)
  segments.mark(hidden, user, segment_list, number(windows[1].expires_ms))
  segments.remember(current, former, user, segment_list)
  local is_new = call('ZADD', hidden, 'CH', stored, user) == 1
  if windows[1].expires_ms ~= '0' then call('PEXPIREAT', hidden, windows[1].expires_ms) end
  return is_new, moved
end

local function set(user, name, score, given)
  local is_hidden = call('HEXISTS', banned, user) == 1
  local stored = sign .. score
  local is_new, moved
  given = given ~= 0 and given
  if is_hidden then
    is_new, moved = put_hidden(user, stored, given)
  elseif is_past then
    is_new, moved = put_in_past(windows[1], user, stored, given)
  else
    is_new = heads.put(windows[1], user, stored)
    moved = settle_segments(user, given)
  end
  local renamed = name ~= '' and call('HGET', names, user) ~= name
  if renamed then call('HSET', names, user, name) end
  if is_new or moved or renamed then
    local remarks = given and {'kind', 'import', 'segments', cjson.encode(given), 'window', window_name} or {'kind', 'import', 'window', window_name}
    boards.log(board, ledger, 'user_id', user, 'action_id', '', 'delta', score, 'score_after', score,
      'actor', origin[1], 'ip', origin[2], 'request_id', origin[3], unpack(remarks))
  end
  return is_hidden and 'hidden' or is_new and 'set' or 'same'
end

local answers = {}
for i, row in ipairs(rows) do answers[i] = set(unpack(row)) end
boards.trim(ledger, ledger_max)
for _, window in pairs(opened) do expire(window) end
boards.publish(board, gate, gate_ms, channel)
return {'done', now_ms, table.concat(answers, ' ')}
