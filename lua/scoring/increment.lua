#!lua
-- increment: applies a group of increments, or of submitted scores, to one board, each action exactly once.
--
-- KEYS[1] meta     hash    epoch, version and last sequence number of the board, and the revision of its rules
-- KEYS[2] gate     string  there while a hint is fresh: no second one is published
-- KEYS[3] names    hash    user -> username
-- KEYS[4] ledger   stream  one entry for each applied increment
-- KEYS[5] banned   hash    user -> JSON of the ban
-- KEYS[6] current  hash    user -> the segments that the user is in, as name:value, one a line
-- KEYS[7] former   hash    user -> those the user has left, likewise
-- KEYS[8..] for each window:
--         scores   zset    user -> score, as the board stores it; with ':' and name:value behind the same of a segment
--         head     hash    the first `head_size` users -> sequence number of reaching their score; of a segment
--                          likewise
--         hidden    zset    user -> score of those who are shadow-banned; of a segment likewise, who is in it
--      then for each item:
--         records  hash    action digest -> "increment score", with " mark" where a catalogue's action gave the
--                          points and " @season" where it was late;
--                          slot of the running day
--         older    hash    the same action's slot of the day before
--         quota    string  increments of the user in the running period
--      then for each item with a limit:
--         limit    string  times that the user has done the action in the running period of its limit
--
-- ARGV[1]  windows       how many windows the board has
-- ARGV[2]  from_ms       the keys above are right from this time of Redis' clock ...
-- ARGV[3]  until_ms      ... until before this one
-- ARGV[4]  records_until_ms when the slots of the running day may go
-- ARGV[5]  memory_ms     how long an action is remembered at least
-- ARGV[6] future_ms      how far an action id's own time may be ahead
-- ARGV[7]  max_score     no window's score may pass it
-- ARGV[8]  head_size     users in a full head
-- ARGV[9]  quota_max     increments a user may make ...
-- ARGV[10]  quota_ms      ... in a period of this length
-- ARGV[11] gate_ms       least time between two hints
-- ARGV[12] channel       where hints are published
-- ARGV[13] ledger_max    entries the ledger holds, about: what is older goes, or, where a group reads it, what is
--                        newer is refused
-- ARGV[14] revision      revision of the rules that the items were judged by
-- ARGV[15] operator      what becomes of a score: 'increment' adds, 'best' keeps the better, 'latest' replaces
-- ARGV[16] sign          '-' where the lowest score is the first: it is stored negative, so that the highest always is
-- ARGV[17] season        the season that late actions name, '' if none
-- ARGV[18] items         JSON: for each item [user, name ('' if none came), action id, action digest, increment or
--                        score as text,
--                        ms that the action id carries (0 if none), actor, ip, request id, name:value of each segment that
--                        came (0 if none)];
--                        where a catalogue's action gives the points also its name and mark, and where that has a
--                        limit the times that a user may do it, and in how many ms
-- ARGV[19..] for each window: until when its keys are kept in ms, 0 for ever
--
-- Returns one text, its parts divided by spaces: with nothing done 'stale_keys' now_ms when the keys are of another
-- time, or 'outdated' now_ms when the board has other rules; else 'done' now_ms, and a word and a number for each
-- item in order: 'applied' score, 'replayed' score, 'points_changed' score/increment (a replay of what gave another
-- increment then), 'mismatch' 0, 'too_old' 0, 'quota' retry_ms, 'limit' retry_ms, 'score_limit' 0, 'banned' 0,
-- 'ban_over' 0 (the ban has ended and is to be lifted), 'full' 0 (the ledger is, and nothing of it may be dropped)
--
-- Twin for rebuilds: src/leaderboard/ledger/fold.ts does the same to a user's events.

--#include "actions"
--#include "bans"
--#include "boards"
--#include "heads"
--#include "operators"
--#include "segments"
local call, number, integer_text = redis.call, tonumber, boards.integer_text
local meta, gate, names, ledger, banned = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local current, former = KEYS[6], KEYS[7]
local window_count = number(ARGV[1])
local from_ms, until_ms, records_until_ms = number(ARGV[2]), number(ARGV[3]), ARGV[4]
local memory_ms, future_ms = number(ARGV[5]), number(ARGV[6])
local max_score, head_size = number(ARGV[7]), number(ARGV[8])
local quota_max, quota_ms = number(ARGV[9]), ARGV[10]
local gate_ms, channel, ledger_max = ARGV[11], ARGV[12], number(ARGV[13])
local revision, operator, sign, season = ARGV[14], ARGV[15], ARGV[16], ARGV[17]
local season_mark = season == '' and '' or ' @' .. season
local write, write_hidden = operators.write[operator], operators.write_hidden[operator]

local board = boards.open(meta)
local now_ms = board.now_ms
if now_ms < from_ms or now_ms >= until_ms then return 'stale_keys ' .. integer_text(now_ms) end
if board.revision and board.revision ~= revision then return 'outdated ' .. integer_text(now_ms) end

local any_banned, any_segments = call('EXISTS', banned) == 1, call('EXISTS', current) == 1

local function largest_of(scores)
  local range = sign == '-' and call('ZRANGE', scores, 0, 0, 'WITHSCORES') or call('ZRANGE', scores, 0, 0, 'REV', 'WITHSCORES')
  return range[2] and math.abs(number(range[2]))
end

local windows = {}
for w = 1, window_count do
  local k = 5 + 3 * w
  local window = heads.open(board, KEYS[k], KEYS[k + 1], head_size)
  window.hidden, window.expires_ms, window.largest = KEYS[k + 2], ARGV[18 + w], largest_of(KEYS[k])
  window.is_new = not window.largest
  windows[w] = window
end

local items, points = cjson.decode(ARGV[18]), 0
for _, item in ipairs(items) do points = points + number(item[5]) end

-- One comparison for the group instead of a ZSCORE for each item: while the largest score of every window
-- could take all the group's points, nobody can pass the limit.
local near_limit = false
for w = 1, window_count do
  if (windows[w].largest or 0) + points > max_score then near_limit = true end
end

local ledger_full = boards.is_full(ledger, #items, ledger_max)

local function passes_limit(user, increment, is_hidden)
  for w = 1, window_count do
    local score = number(call('ZSCORE', is_hidden and windows[w].hidden or windows[w].scores, user) or 0)
    if math.abs(score) + number(increment) > max_score then return true end
  end
  return false
end

local function expire(window, ...)
  if window.expires_ms == '0' then return end
  for _, key in ipairs({...}) do call('PEXPIREAT', key, window.expires_ms) end
end

local function score_hidden(user, increment, given)
  local now, left = segments.move(current, former, user, given)
  for w = 1, window_count do
    -- As in segments_in: a late action moves nobody.
    if season == '' or not call('ZSCORE', windows[w].hidden, user) then
      segments.unmark(windows[w].hidden, user, left)
      segments.mark(windows[w].hidden, user, now, number(windows[w].expires_ms))
    end
    write_hidden(windows[w].hidden, user, increment, sign)
    expire(windows[w], windows[w].hidden)
  end
  return call('ZSCORE', windows[1].hidden, user)
end

local segment_rankings = {}

-- A segment of a window, opened once.
local function segment_of(window, segment)
  local key = segments.key_of(window.scores, segment)
  local ranking = segment_rankings[key]
  if not ranking then
    ranking = heads.open(board, key, segments.key_of(window.head, segment), head_size)
    ranking.is_new, ranking.expires_ms = call('EXISTS', key) == 0, window.expires_ms
    segment_rankings[key] = ranking
  end
  return ranking
end

local NOTHING = {}

-- The segments of a window in which a user is to have its score: those of now. A late action counts in those that the
-- user had in its season; in running windows they are the same.
local function segments_in(window, user, now)
  if season == '' or not call('ZSCORE', window.scores, user) then return now end
  return segments.within(window.scores, user, segments.ever(current, former, user))
end

local function score_visible(user, increment, given)
  local now, left = NOTHING, NOTHING
  any_segments = any_segments or given
  if any_segments then now, left = segments.move(current, former, user, given) end
  local first
  for w = 1, window_count do
    local window = windows[w]
    local segment_list = segments_in(window, user, now)
    local score = write(window, user, increment, sign)
    first = first or score
    for _, segment in ipairs(left) do
      local ranking = segment_of(window, segment)
      heads.remove(ranking, user)
      ranking.is_new = true -- its keys go with its last user, and would come back without their end
    end
    for _, segment in ipairs(segment_list) do heads.put(segment_of(window, segment), user, score) end
  end
  return first
end

-- What an entry of the ledger says beside what every entry says.
local function remarks(action, given, is_hidden)
  if not action and operator == 'increment' and season == '' and not given and not is_hidden then return NOTHING end
  local fields = {}
  local function add(name, value) fields[#fields + 1], fields[#fields + 2] = name, value end
  if action then add('action', action) end
  if operator ~= 'increment' then add('kind', 'score') end
  if season ~= '' then add('season', season) end
  if given then add('segments', cjson.encode(given)) end
  if is_hidden then add('hidden', '1') end
  return fields
end

local function ban_state_of(user)
  return any_banned and bans.ban_state(call('HGET', banned, user), now_ms) or ''
end

local function apply(item, records, older, quota, limit)
  local user, name, action_id, digest, increment, made_ms, actor, ip, request, given, action, action_mark, limit_max, limit_ms = unpack(item)
  local mark = (action and ' ' .. action_mark or '') .. season_mark
  local ban_state = ban_state_of(user)
  if ban_state == 'ban_over' then return ban_state, '0' end
  local counted, score, counted_mark = actions.recall(records, older, digest)
  if counted then
    if counted_mark ~= mark then return 'mismatch', '0' end
    if action and counted ~= increment then return 'points_changed', score .. '/' .. counted end
    if counted ~= increment then return 'mismatch', '0' end
    return 'replayed', score
  end
  if ban_state == 'banned' then return ban_state, '0' end
  if ledger_full then return 'full', '0' end
  if actions.is_beyond(made_ms, now_ms, memory_ms, future_ms) then return 'too_old', '0' end
  local is_hidden = ban_state == 'hidden'
  if operator == 'increment' and (near_limit or is_hidden) and passes_limit(user, increment, is_hidden) then return 'score_limit', '0' end
  local done = limit and number(call('GET', limit) or 0)
  if limit and done >= limit_max then return 'limit', integer_text(call('PTTL', limit)) end
  local used = call('INCR', quota)
  if used > quota_max then
    call('DECR', quota) -- a refusal leaves no trace
    return 'quota', integer_text(call('PTTL', quota))
  end

  if used == 1 then call('PEXPIRE', quota, quota_ms) end
  if limit and call('INCR', limit) == 1 then call('PEXPIRE', limit, limit_ms) end
  if name ~= '' and call('HGET', names, user) ~= name then call('HSET', names, user, name) end
  given = given ~= 0 and given
  local stored = is_hidden and score_hidden(user, increment, given) or score_visible(user, increment, given)
  score = string.gsub(stored, '^-', '')
  actions.remember(records, digest, records_until_ms, increment, score, mark)
  boards.log(board, ledger, 'user_id', user, 'action_id', action_id, 'delta', increment, 'score_after', score,
    'actor', actor, 'ip', ip, 'request_id', request, unpack(remarks(action, given, is_hidden)))
  return 'applied', score
end

local answers = {'done', integer_text(now_ms)}
local last_key = 7 + 3 * window_count + 3 * #items
for i, item in ipairs(items) do
  local k, limit = 5 + 3 * window_count + 3 * i, nil
  if item[13] then
    last_key = last_key + 1
    limit = KEYS[last_key]
  end
  answers[2 * i + 1], answers[2 * i + 2] = apply(item, KEYS[k], KEYS[k + 1], KEYS[k + 2], limit)
end
boards.trim(ledger, ledger_max)

for _, window in ipairs(windows) do
  if window.is_new then expire(window, window.scores, window.head) end
end
for _, ranking in pairs(segment_rankings) do
  if ranking.is_new then expire(ranking, ranking.scores, ranking.head) end
end
boards.publish(board, gate, gate_ms, channel)
return table.concat(answers, ' ')
