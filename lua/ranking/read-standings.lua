#!lua flags=no-writes
-- read-standings: the score and rank of some users, as they see them themselves.
--
-- KEYS[1] scores   zset  user -> score
-- KEYS[2] hidden    zset  user -> score of those who are banned
-- KEYS[3] banned   hash  user -> JSON of the ban
-- KEYS[4] current  hash  user -> the segments that the user is in
-- ARGV[1] users    JSON: the users, at most 100
-- ARGV[2] segment  name:value of the segment whose scores these are, '' if none
--
-- Returns {score, rank, ...} in their order, as text; '' and '' for a user without a score.

--#include "shadow"
local scores, hidden, banned, current = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local users, segment = cjson.decode(ARGV[1]), ARGV[2]

local any_banned = redis.call('EXISTS', banned) == 1
local answer = {}
for i, user in ipairs(users) do
  local score, rank = redis.call('ZSCORE', scores, user), ''
  if not score and any_banned then score = shadow.score_hidden(hidden, banned, current, user, segment) end
  if score then rank = string.format('%.0f', 1 + redis.call('ZCOUNT', scores, '(' .. score, '+inf')) end
  answer[2 * i - 1], answer[2 * i] = score or '', rank
end
return answer
