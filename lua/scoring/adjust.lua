#!lua
-- adjust: corrects one user's score on one board, exactly once for each action: by so many points up or down, or to a
-- score.
--
-- KEYS[1] meta     hash    epoch, version and last sequence number of the board, and the revision of its rules
-- KEYS[2] gate     string  there while a hint is fresh
-- KEYS[3] ledger   stream  gets an entry
-- KEYS[4] current  hash    user -> the segments that the user is in
-- KEYS[5] former   hash    user -> those the user has left
-- KEYS[6] banned   hash    user -> JSON of the ban
-- KEYS[7] records  hash    action digest -> "amount score mark"; slot of the running day
-- KEYS[8] older    hash    the same action's slot of the day before
-- KEYS[9..] for each running window:
--         scores   zset    user -> score; of a segment likewise, with ':' and name:value behind
--         head     hash    user -> sequence number; of a segment likewise
--         hidden    zset    user -> score of those who are banned; of a segment likewise, who is in it
--
-- ARGV[1]  from_ms        the keys above are right from this time of Redis' clock ...
-- ARGV[2]  until_ms       ... until before this one
-- ARGV[3]  revision       revision of the board's rules
-- ARGV[4]  head_size      users in a full head
-- ARGV[5]  gate_ms        least time between two hints
-- ARGV[6]  channel        where hints are published
-- ARGV[7]  user           whose score
-- ARGV[8]  action_id      the action id
-- ARGV[9]  actor          who corrects it
-- ARGV[10] ip             from where
-- ARGV[11] request_id     id of the request
-- ARGV[12] reason         why
-- ARGV[13] digest         the action's digest
-- ARGV[14] made_ms        ms that the action id carries, 0 if none
-- ARGV[15] records_until_ms  when the slots of the running day may go
-- ARGV[16] memory_ms      how long an action is remembered at least
-- ARGV[17] future_ms      how far an action id's own time may be ahead
-- ARGV[18] change         '+' raises by the amount, '-' lowers by it, '=' sets the score to it
-- ARGV[19] amount         as text, without a sign
-- ARGV[20] max_score      no window's score may pass it
-- ARGV[21] sign           '-' where the lowest score is the first: it is stored negative
-- ARGV[22..] for each window: until when its keys are kept in ms, 0 for ever
--
-- Returns {word, now_ms, score}: 'stale_keys' and 'outdated' with nothing done, as in increment.lua; 'applied' or
-- 'replayed' with the score after in the first window; with '0' 'mismatch', 'too_old', 'ban_over', 'score_limit',
-- 'below' (the first window's score would be negative).
--
-- Twin for rebuilds: src/leaderboard/ledger/fold.ts does the same to a user's events.

--#include "actions"
--#include "bans"
--#include "boards"
--#include "heads"
--#include "segments"
--#include "entries"
local call, number, integer_text = redis.call, tonumber, boards.integer_text
local meta, gate, ledger, current, former, banned = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local records, older = KEYS[7], KEYS[8]
local from_ms, until_ms, revision, head_size = number(ARGV[1]), number(ARGV[2]), ARGV[3], number(ARGV[4])
local gate_ms, channel = ARGV[5], ARGV[6]
local user, action_id, actor, ip, request_id, reason = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
local digest, made_ms, records_until_ms = ARGV[13], number(ARGV[14]), ARGV[15]
local memory_ms, future_ms = number(ARGV[16]), number(ARGV[17])
local change, amount, max_score, sign = ARGV[18], ARGV[19], number(ARGV[20]), ARGV[21]
local MARK = ' ~' .. change -- no catalogue's mark holds a tilde

local board = boards.open(meta)
local now_ms = integer_text(board.now_ms)
if board.now_ms < from_ms or board.now_ms >= until_ms then return {'stale_keys', now_ms, '0'} end
if board.revision and board.revision ~= revision then return {'outdated', now_ms, '0'} end

local counted, counted_score, mark = actions.recall(records, older, digest)
if counted then
  if counted ~= amount or mark ~= MARK then return {'mismatch', now_ms, '0'} end
  return {'replayed', now_ms, counted_score}
end
if actions.is_beyond(made_ms, board.now_ms, memory_ms, future_ms) then return {'too_old', now_ms, '0'} end
local ban_state = bans.ban_state(call('HGET', banned, user), board.now_ms)
if ban_state == 'ban_over' then return {'ban_over', now_ms, '0'} end
local is_hidden = ban_state ~= ''

-- The score after in each window; none is written before all are judged.
local windows, after = {}, {}
for k = 9, #KEYS, 3 do
  local w = #windows + 1
  local window = entries.window_of(board, head_size, KEYS[k], KEYS[k + 1], KEYS[k + 2])
  local score = call('ZSCORE', is_hidden and window.hidden or window.scores, user)
  local now = math.abs(number(score or 0))
  local next_score = change == '=' and number(amount) or now + number(change .. amount)
  if next_score > max_score then return {'score_limit', now_ms, '0'} end
  if next_score < 0 and w == 1 then return {'below', now_ms, '0'} end
  -- Who has not scored in a window has nothing to lose there.
  after[w] = (score or change ~= '-' or w == 1) and math.max(0, next_score)
  windows[w] = window
end

local segment_list = segments.move(current, former, user)
for w, window in ipairs(windows) do
  local expires_ms = number(ARGV[21 + w])
  if after[w] then
    local score = integer_text(sign == '-' and 0 - after[w] or after[w])
    if is_hidden then entries.put_hidden(window, user, score, segment_list, expires_ms) else entries.put_in(window, user, score, segment_list, expires_ms) end
  end
end

local score = integer_text(after[1])
actions.remember(records, digest, records_until_ms, amount, score, MARK)
boards.log(board, ledger, 'user_id', user, 'action_id', action_id, 'delta', (change == '-' and '-' or '') .. amount, 'score_after', score,
  'actor', actor, 'ip', ip, 'request_id', request_id, 'kind', 'adjust', 'reason', reason, unpack(is_hidden and {'hidden', '1'} or {}))
boards.publish(board, gate, gate_ms, channel)
return {'applied', now_ms, score}
