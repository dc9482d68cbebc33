#!lua flags=no-writes
-- read-lookup: what the board's order needs to know of some users.
--
-- KEYS[1] scores  zset  user -> score
-- KEYS[2] head    hash  user -> sequence number of reaching the score
-- KEYS[3] names   hash  user -> username
-- ARGV[1] users   JSON: different users, 1 to 200
--
-- Returns {score, higher, sequence, name, ...} in their order, numbers as text: `higher` is how many users have a
-- higher score, `sequence` is '' for a user outside the head, and all four are '' for one without a score.

local scores, head, names, users = KEYS[1], KEYS[2], KEYS[3], cjson.decode(ARGV[1])
local call = redis.call

local score_of = call('ZMSCORE', scores, unpack(users))
local reached = call('HMGET', head, unpack(users))
local name_of = call('HMGET', names, unpack(users))

local answer, higher_than = {}, {}
for i = 1, #users do
  local score = score_of[i]
  if score and not higher_than[score] then
    higher_than[score] = string.format('%.0f', call('ZCOUNT', scores, '(' .. score, '+inf'))
  end
  answer[4 * i - 3], answer[4 * i - 2] = score or '', score and higher_than[score] or ''
  answer[4 * i - 1], answer[4 * i] = score and reached[i] or '', score and name_of[i] or ''
end
return answer
