#!lua
-- remove-user: takes one user off one board: out of every kept window and segment, also from what was hidden; or all
-- that is known of the user.
--
-- KEYS[1] meta     hash    epoch, version and last sequence number of the board, and the revision of its rules
-- KEYS[2] gate     string  there while a hint is fresh
-- KEYS[3] ledger   stream  gets an entry
-- KEYS[4] current  hash    user -> the segments that the user is in
-- KEYS[5] former   hash    user -> those the user has left
-- KEYS[6] names    hash    user -> username
-- KEYS[7] banned   hash    user -> JSON of the ban
-- KEYS[8] ends     zset    user -> when the ban ends, in ms
-- KEYS[9..] for each kept window:
--         scores   zset    user -> score; of a segment likewise, with ':' and name:value behind
--         head     hash    user -> sequence number; of a segment likewise
--         hidden    zset    user -> score of those who are banned; of a segment likewise, who is in it
--      then the user's own keys, such as the quota
--
-- ARGV[1]  from_ms    the keys above are right from this time of Redis' clock ...
-- ARGV[2]  until_ms   ... until before this one
-- ARGV[3]  revision   revision of the board's rules
-- ARGV[4]  head_size  users in a full head
-- ARGV[5]  gate_ms    least time between two hints
-- ARGV[6]  channel    where hints are published
-- ARGV[7]  user       who is removed
-- ARGV[8]  action_id  names this entry of the ledger
-- ARGV[9]  actor      who removes
-- ARGV[10] ip         from where
-- ARGV[11] request_id id of the request
-- ARGV[12] reason     why, '' where none was given
-- ARGV[13] kind       'delete' leaves a ban and the quota as they are, 'erase' leaves nothing
-- ARGV[14] windows    how many windows the keys name
--
-- Returns {word, now_ms}: 'stale_keys' and 'outdated' with nothing done, as in increment.lua; 'removed', or 'none'
-- where the user is not known.
--
-- Twin for rebuilds: src/leaderboard/ledger/fold.ts does the same to a user's events.

--#include "boards"
--#include "heads"
--#include "segments"
--#include "entries"
local call, number, integer_text = redis.call, tonumber, boards.integer_text
local meta, gate, ledger, current, former = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local names, banned, ends = KEYS[6], KEYS[7], KEYS[8]
local from_ms, until_ms, revision, head_size = number(ARGV[1]), number(ARGV[2]), ARGV[3], number(ARGV[4])
local gate_ms, channel = ARGV[5], ARGV[6]
local user, action_id, actor, ip, request_id, reason = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
local kind, window_count = ARGV[13], number(ARGV[14])

local board = boards.open(meta)
local now_ms = integer_text(board.now_ms)
if board.now_ms < from_ms or board.now_ms >= until_ms then return {'stale_keys', now_ms} end
if board.revision and board.revision ~= revision then return {'outdated', now_ms} end

local segment_list, was_seen, known = segments.ever(current, former, user), false, 0
local own_keys = 9 + 3 * window_count
for k = 9, own_keys - 1, 3 do
  local window = entries.window_of(board, head_size, KEYS[k], KEYS[k + 1], KEYS[k + 2])
  was_seen = entries.take_out(window, user, segment_list) or was_seen
  known = known + (entries.drop_hidden(window, user, segment_list) and 1 or 0)
end
local now_in = segments.move(current, former, user)
known = known + call('HDEL', current, user) + call('HDEL', former, user) + call('HDEL', names, user)
if kind == 'erase' then
  known = known + call('HDEL', banned, user)
  call('ZREM', ends, user)
  for k = own_keys, #KEYS do call('DEL', KEYS[k]) end
end
if not was_seen and known == 0 then return {'none', now_ms} end

local remarks = {'kind', kind}
local function remark(name, value) remarks[#remarks + 1], remarks[#remarks + 2] = name, value end
if reason ~= '' then remark('reason', reason) end
if was_seen and #now_in > 0 then remark('segments', cjson.encode(now_in)) end
if not was_seen then remark('hidden', '1') end
boards.log(board, ledger, 'user_id', user, 'action_id', action_id, 'delta', '0', 'score_after', '0',
  'actor', actor, 'ip', ip, 'request_id', request_id, unpack(remarks))
boards.publish(board, gate, gate_ms, channel)
return {'removed', now_ms}
