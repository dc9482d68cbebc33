#!lua
-- repair-user: sets all that a board holds of one user to what the ledger says, unless something happened to the user
-- since.
--
-- KEYS[1] meta     hash    epoch, version and last sequence number of the board, and the revision of its rules
-- KEYS[2] gate     string  there while a hint is fresh
-- KEYS[3] ledger   stream  gets an entry, which counts nothing
-- KEYS[4] current  hash    user -> the segments that the user is in
-- KEYS[5] former   hash    user -> those the user has left
-- KEYS[6] names    hash    user -> username
-- KEYS[7] banned   hash    user -> JSON of the ban
-- KEYS[8] ends     zset    user -> when the ban ends, in ms
-- KEYS[9..] for each window:
--         scores   zset    user -> score; of a segment likewise, with ':' and name:value behind
--         head     hash    user -> sequence number; of a segment likewise
--         hidden    zset    user -> score of those who are banned; of a segment likewise, who is in it
--
-- ARGV[1]  revision   revision of the board's rules
-- ARGV[2]  head_size  users in a full head
-- ARGV[3]  gate_ms    least time between two hints
-- ARGV[4]  channel    where hints are published
-- ARGV[5]  user       who is repaired
-- ARGV[6]  read_to    id of the last entry that the ledger was read to
-- ARGV[7]  actor      who repairs
-- ARGV[8]  reason     why
-- ARGV[9]  profile    JSON: [current, former, name, ban, when the ban ends in ms], '' for what there is not
-- ARGV[10] windows    JSON: for each window [score, its segments, hidden score, its segments], scores as they are
--                     stored, '' for none
-- ARGV[11] strays     JSON: segments to look at beside those that the user is known to have been in
-- ARGV[12..] for each window: until when its keys are kept in ms, 0 for ever
--
-- Returns 'repaired', or with nothing done 'outdated' as in increment.lua, 'moved' where something happened to the
-- user since.

--#include "boards"
--#include "heads"
--#include "segments"
--#include "entries"
local call, number = redis.call, tonumber
local meta, gate, ledger, current, former, names, banned, ends = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local revision, head_size, gate_ms, channel = ARGV[1], number(ARGV[2]), ARGV[3], ARGV[4]
local user, read_to, actor, reason = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local profile, targets, strays = cjson.decode(ARGV[9]), cjson.decode(ARGV[10]), cjson.decode(ARGV[11])
local MOST = 20000 -- entries looked at: some ten milliseconds

local board = boards.open(meta)
if board.revision and board.revision ~= revision then return 'outdated' end
local since = call('XRANGE', ledger, '(' .. read_to, '+', 'COUNT', MOST)
if #since == MOST then return 'moved' end
for _, entry in ipairs(since) do
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'user_id' and entry[2][i + 1] == user then return 'moved' end
  end
end

local function keep(hash, value)
  if value == '' then call('HDEL', hash, user) else call('HSET', hash, user, value) end
end

local ever = segments.ever(current, former, user)
for _, segment in ipairs(strays) do ever[#ever + 1] = segment end
local first = '0'
for w, target in ipairs(targets) do
  local k = 6 + 3 * w
  local window = entries.window_of(board, head_size, KEYS[k], KEYS[k + 1], KEYS[k + 2])
  local score, segment_list, hidden, hidden_list = unpack(target)
  local expires_ms = number(ARGV[11 + w])
  local wanted = {}
  for _, segment in ipairs(segment_list) do wanted[segment] = true end
  local left = {}
  for _, segment in ipairs(ever) do
    if not wanted[segment] then left[#left + 1] = segment end
  end
  if score == '' then entries.take_out(window, user, ever) else entries.put_in(window, user, score, segment_list, expires_ms) end
  entries.take_segments(window, user, left)
  entries.drop_hidden(window, user, ever)
  if hidden ~= '' then entries.put_hidden(window, user, hidden, hidden_list, expires_ms) end
  if w == 1 then first = score ~= '' and score or hidden ~= '' and hidden or '0' end
end
for i, hash in ipairs({current, former, names, banned}) do keep(hash, profile[i]) end
if profile[5] == '' then call('ZREM', ends, user) else call('ZADD', ends, profile[5], user) end

boards.log(board, ledger, 'user_id', user, 'action_id', '', 'delta', '0', 'score_after', (string.gsub(first, '^-', '')), 'actor', actor, 'ip', 'local', 'request_id', '',
  'kind', 'repair', 'reason', reason, unpack(profile[4] ~= '' and {'hidden', '1'} or {}))
boards.publish(board, gate, gate_ms, channel)
return 'repaired'
