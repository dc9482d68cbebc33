#!lua
-- rollback: takes back what one user has gained in one window, exactly once for each action, also in a window that
-- has ended.
--
-- KEYS[1] meta     hash    epoch, version and last sequence number of the board, and the revision of its rules
-- KEYS[2] gate     string  there while a hint is fresh
-- KEYS[3] ledger   stream  gets an entry
-- KEYS[4] current  hash    user -> the segments that the user is in
-- KEYS[5] former   hash    user -> those the user has left
-- KEYS[6] banned   hash    user -> JSON of the ban
-- KEYS[7] records  hash    action digest -> "amount score mark"; slot of the running day
-- KEYS[8] older    hash    the same action's slot of the day before
-- KEYS[9] scores   zset    of the window: user -> score; of a segment likewise, with ':' and name:value behind
-- KEYS[10] head    hash    user -> sequence number; of a segment likewise
-- KEYS[11] hidden   zset    user -> score of those who are banned; of a segment likewise, who is in it
--
-- ARGV[1]  from_ms        the keys above are right from this time of Redis' clock ...
-- ARGV[2]  until_ms       ... until before this one
-- ARGV[3]  revision       revision of the board's rules
-- ARGV[4]  head_size      users in a full head
-- ARGV[5]  gate_ms        least time between two hints
-- ARGV[6]  channel        where hints are published
-- ARGV[7]  user           whose score
-- ARGV[8]  action_id      the action id
-- ARGV[9]  actor          who takes it back
-- ARGV[10] ip             from where
-- ARGV[11] request_id     id of the request
-- ARGV[12] reason         why
-- ARGV[13] digest         the action's digest
-- ARGV[14] records_until_ms  when the slots of the running day may go
-- ARGV[15] window         name of the window
-- ARGV[16] change         '+' raises by the amount, '-' lowers by it and takes out whoever is left with nothing, '='
--                         sets the score, 'x' takes out
-- ARGV[17] amount         as text, without a sign
-- ARGV[18] sign           '-' where the lowest score is the first: it is stored negative
--
-- Returns {word, now_ms, score}: 'stale_keys' and 'outdated' with nothing done, as in increment.lua; 'applied' with
-- the score after, 'replayed', 'none' where the user is not in the window.
--
-- Twin for rebuilds: src/leaderboard/ledger/fold.ts does the same to a user's events.

--#include "actions"
--#include "boards"
--#include "heads"
--#include "segments"
--#include "entries"
local call, number, integer_text = redis.call, tonumber, boards.integer_text
local meta, gate, ledger, current, former, banned = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local records, older, scores, head, hidden = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local from_ms, until_ms, revision, head_size = number(ARGV[1]), number(ARGV[2]), ARGV[3], number(ARGV[4])
local gate_ms, channel = ARGV[5], ARGV[6]
local user, action_id, actor, ip, request_id, reason = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
local digest, records_until_ms, window_name, change, amount, sign = ARGV[13], ARGV[14], ARGV[15], ARGV[16], ARGV[17], ARGV[18]

local board = boards.open(meta)
local now_ms = integer_text(board.now_ms)
if board.now_ms < from_ms or board.now_ms >= until_ms then return {'stale_keys', now_ms, '0'} end
if board.revision and board.revision ~= revision then return {'outdated', now_ms, '0'} end
if actions.recall(records, older, digest) then return {'replayed', now_ms, '0'} end

local is_hidden = call('HEXISTS', banned, user) == 1
local window = entries.window_of(board, head_size, scores, head, hidden)
local stored = call('ZSCORE', is_hidden and hidden or scores, user)
if not stored then return {'none', now_ms, '0'} end

local now = math.abs(number(stored))
local after = change == '=' and number(amount) or change == 'x' and 0 or math.max(0, now + number(change .. amount))
local leaves = change == 'x' or (change == '-' and after == 0)
local ever = segments.ever(current, former, user)
local score = integer_text(sign == '-' and 0 - after or after)
if leaves then
  entries.take_out(window, user, ever)
  entries.drop_hidden(window, user, ever)
elseif is_hidden then
  call('ZADD', hidden, score, user)
else
  entries.put_in(window, user, score, segments.within(scores, user, ever), 0)
end

local mark = leaves and 'x' or change
actions.remember(records, digest, records_until_ms, leaves and '0' or amount, integer_text(after), ' ~' .. mark)
boards.log(board, ledger, 'user_id', user, 'action_id', action_id, 'delta', leaves and '0' or (change == '-' and '-' or '') .. amount, 'score_after', integer_text(after),
  'actor', actor, 'ip', ip, 'request_id', request_id, 'kind', leaves and 'delete' or 'adjust', 'reason', reason, unpack(is_hidden and {'hidden', '1', 'window', window_name} or {'window', window_name}))
boards.publish(board, gate, gate_ms, channel)
return {'applied', now_ms, integer_text(after)}
