#!lua
-- unban: lifts the ban of one user from one board, and gives the scores back that were hidden, with what was gained
-- meanwhile.
--
-- KEYS[1] meta     hash    epoch, version and last sequence number of the board, and the revision of its rules
-- KEYS[2] gate     string  there while a hint is fresh
-- KEYS[3] ledger   stream  gets an entry
-- KEYS[4] current  hash    user -> the segments that the user is in
-- KEYS[5] former   hash    user -> those the user has left
-- KEYS[6] banned   hash    user -> JSON of the ban
-- KEYS[7] ends     zset    user -> when the ban ends, in ms
-- KEYS[8..] for each kept window, the first of those that run before all others:
--         scores   zset    user -> score; of a segment likewise, with ':' and name:value behind
--         head     hash    user -> sequence number; of a segment likewise
--         hidden    zset    user -> score of those who are banned; of a segment likewise, who is in it
--
-- ARGV[1]  from_ms    the keys above are right from this time of Redis' clock ...
-- ARGV[2]  until_ms   ... until before this one
-- ARGV[3]  revision   revision of the board's rules
-- ARGV[4]  head_size  users in a full head
-- ARGV[5]  gate_ms    least time between two hints
-- ARGV[6]  channel    where hints are published
-- ARGV[7]  user       whose ban is lifted
-- ARGV[8]  action_id  names this entry of the ledger
-- ARGV[9]  actor      who lifts it
-- ARGV[10] ip         from where
-- ARGV[11] request_id id of the request
-- ARGV[12] reason     why
-- ARGV[13] which      'any', or 'over' for a ban that has ended and no other
-- ARGV[14] running    how many windows run: there the user is in the segments of now, in all others in those of then
-- ARGV[15] all_boards '1' where the user is let back on all boards
--
-- Returns {word, now_ms}: 'stale_keys' and 'outdated' with nothing done, as in increment.lua; 'unbanned', or 'none'
-- where there is no such ban.
--
-- Twin for rebuilds: src/leaderboard/ledger/fold.ts does the same to a user's events.

--#include "bans"
--#include "boards"
--#include "heads"
--#include "segments"
--#include "entries"
local call, number, integer_text = redis.call, tonumber, boards.integer_text
local meta, gate, ledger, current, former, banned, ends = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local from_ms, until_ms, revision, head_size = number(ARGV[1]), number(ARGV[2]), ARGV[3], number(ARGV[4])
local gate_ms, channel = ARGV[5], ARGV[6]
local user, action_id, actor, ip, request_id, reason = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
local which, running, all_boards = ARGV[13], number(ARGV[14]), ARGV[15]

local board = boards.open(meta)
local now_ms = integer_text(board.now_ms)
if board.now_ms < from_ms or board.now_ms >= until_ms then return {'stale_keys', now_ms} end
if board.revision and board.revision ~= revision then return {'outdated', now_ms} end

local ban = call('HGET', banned, user)
if not ban or (which == 'over' and bans.ban_state(ban, board.now_ms) ~= 'ban_over') then return {'none', now_ms} end

local ever, now, first = segments.ever(current, former, user), segments.move(current, former, user), '0'
for k = 8, #KEYS, 3 do
  local score = entries.bring_back(entries.window_of(board, head_size, KEYS[k], KEYS[k + 1], KEYS[k + 2]), user, ever, k < 8 + 3 * running and now)
  if score and k == 8 then first = string.gsub(score, '^-', '') end
end
call('HDEL', banned, user)
call('ZREM', ends, user)
boards.log(board, ledger, 'user_id', user, 'action_id', action_id, 'delta', '0', 'score_after', first,
  'actor', actor, 'ip', ip, 'request_id', request_id, 'kind', 'unban', 'reason', reason, unpack(all_boards == '1' and {'all_boards', '1'} or {}))
boards.publish(board, gate, gate_ms, channel)
return {'unbanned', now_ms}
