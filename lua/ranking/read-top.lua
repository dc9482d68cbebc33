#!lua flags=no-writes
-- read-top: the head of one window, and the version it belongs to.
--
-- KEYS[1] scores   zset  user -> score
-- KEYS[2] head     hash  user -> sequence number of reaching the score, at most 128
-- KEYS[3] meta     hash  epoch, version
-- KEYS[4] names    hash  user -> username
-- ARGV[1] epoch    what the caller has read before, '' if nothing
-- ARGV[2] version  likewise
--
-- Returns {'same'} when the caller has this version, else
-- {'top', epoch, version, user, score, sequence, name, ...}, unordered, numbers as text,
-- name '' where none is known; a board without a write has epoch '' and version 0.
-- The epoch names the run of the server too: one that comes back may have lost its last versions, and is another
-- history.

local scores, head, meta, names = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local known_epoch, known_version = ARGV[1], ARGV[2]

local stored = redis.call('HMGET', meta, 'epoch', 'version')
local epoch, version = stored[1] or '', stored[2] or '0'
if epoch ~= '' then epoch = epoch .. '-' .. string.match(redis.call('INFO', 'server'), 'run_id:(%x%x%x%x%x%x%x%x)') end
if epoch ~= '' and epoch == known_epoch and version == known_version then return {'same'} end

local answer = {'top', epoch, version}
local reached = redis.call('HGETALL', head)
if #reached == 0 then return answer end

local users = {}
for i = 1, #reached, 2 do users[#users + 1] = reached[i] end
local score_of = redis.call('ZMSCORE', scores, unpack(users))
local name_of = redis.call('HMGET', names, unpack(users))
for i, user in ipairs(users) do
  local row = #answer
  answer[row + 1], answer[row + 2] = user, score_of[i]
  answer[row + 3], answer[row + 4] = reached[2 * i], name_of[i] or ''
end
return answer
