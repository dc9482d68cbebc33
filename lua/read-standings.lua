#!lua flags=no-writes
-- read-standings: the score and rank of some users.
--
-- KEYS[1] scores  zset  user -> score
-- ARGV[1] users   JSON: the users, at most 100
--
-- Returns {score, rank, ...} in their order, as text; '' and '' for a user without a score.

local scores, users = KEYS[1], cjson.decode(ARGV[1])

local answer = {}
for i, user in ipairs(users) do
  local score, rank = redis.call('ZSCORE', scores, user), ''
  if score then rank = string.format('%.0f', 1 + redis.call('ZCOUNT', scores, '(' .. score, '+inf')) end
  answer[2 * i - 1], answer[2 * i] = score or '', rank
end
return answer
