#!lua flags=no-writes
-- read-changes: whose scores have changed since a place in the ledger, and what they are now.
--
-- KEYS[1] ledger  stream  one entry for each applied increment
-- KEYS[2] scores  zset    user -> score
-- ARGV[1] after   id of the last entry known, '' to learn the one of now
-- ARGV[2] count   entries read at most
--
-- Returns {id, more, user, score, ...}: the id of the last entry read, '1' where there may be more, and each user once,
-- numbers as text. A user without a score in this window is left out.

local ledger, scores = KEYS[1], KEYS[2]
local after, count = ARGV[1], tonumber(ARGV[2])

if after == '' then
  local last = redis.call('XREVRANGE', ledger, '+', '-', 'COUNT', 1)[1]
  return {last and last[1] or '0-0', '0'}
end

local entries = redis.call('XRANGE', ledger, '(' .. after, '+', 'COUNT', count)
local answer = {after, #entries == count and '1' or '0'}
if #entries == 0 then return answer end
answer[1] = entries[#entries][1]

local users, known = {}, {}
for _, entry in ipairs(entries) do
  local fields = entry[2]
  for i = 1, #fields, 2 do
    local user = fields[i + 1]
    if fields[i] == 'user' and not known[user] then
      known[user] = true
      users[#users + 1] = user
    end
  end
end

for i, score in ipairs(redis.call('ZMSCORE', scores, unpack(users))) do
  if score then
    answer[#answer + 1] = users[i]
    answer[#answer + 1] = score
  end
end
return answer
