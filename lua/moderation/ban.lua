#!lua
-- ban: bans one user from one board, and hides the scores in every kept window and segment, where nobody sees them.
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
-- ARGV[7]  user       who is banned
-- ARGV[8]  action_id  names this entry of the ledger
-- ARGV[9]  actor      who bans
-- ARGV[10] ip         from where
-- ARGV[11] request_id id of the request
-- ARGV[12] reason     why
-- ARGV[13] ban        JSON object of the ban without its time
-- ARGV[14] ends_ms    when it ends, 0 for never
-- ARGV[15] all_boards '1' for a ban from all boards
--
-- Returns {word, now_ms, ban}: 'stale_keys' and 'outdated' with nothing done, as in increment.lua; 'banned', or
-- 'same' where just this ban is there already; with the JSON of the ban, '' where there is none.
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
local ban, ends_ms, all_boards = ARGV[13], ARGV[14], ARGV[15]

local board = boards.open(meta)
local now_ms = integer_text(board.now_ms)
if board.now_ms < from_ms or board.now_ms >= until_ms then return {'stale_keys', now_ms, ''} end
if board.revision and board.revision ~= revision then return {'outdated', now_ms, ''} end

-- The same request that comes twice is one ban.
local before = call('HGET', banned, user)
if bans.is_same(before, ban) then return {'same', now_ms, before} end

local segment_list, first, was_seen = segments.ever(current, former, user), '0', false
for k = 8, #KEYS, 3 do
  local score = entries.hide(entries.window_of(board, head_size, KEYS[k], KEYS[k + 1], KEYS[k + 2]), user, segment_list)
  if score and k == 8 then first = string.gsub(score, '^-', '') end
  was_seen = was_seen or score
end

local text = string.sub(ban, 1, -2) .. ',"since_ms":' .. now_ms .. '}'
call('HSET', banned, user, text)
if ends_ms == '0' then call('ZREM', ends, user) else call('ZADD', ends, ends_ms, user) end

local remarks = {'kind', 'ban', 'reason', reason}
local function remark(name, value) remarks[#remarks + 1], remarks[#remarks + 2] = name, value end
if ends_ms ~= '0' then remark('until', ends_ms) end
local now_in = segments.move(current, former, user)
if was_seen and #now_in > 0 then remark('segments', cjson.encode(now_in)) end
if not was_seen then remark('hidden', '1') end
if cjson.decode(ban).shadow then remark('shadow', '1') end
if all_boards == '1' then remark('all_boards', '1') end
boards.log(board, ledger, 'user_id', user, 'action_id', action_id, 'delta', '0', 'score_after', first,
  'actor', actor, 'ip', ip, 'request_id', request_id, unpack(remarks))
boards.publish(board, gate, gate_ms, channel)
return {'banned', now_ms, text}
