#!lua flags=no-writes
-- read-changes: whose scores have changed since a place in the ledger, and what they are now.
--
-- KEYS[1] ledger   stream  one entry for each change
-- KEYS[2] scores   zset    user -> score
-- ARGV[1] after    id of the last entry known, '' to learn the one of now
-- ARGV[2] count    entries read at most
-- ARGV[3] segment  name:value of the segment whose scores these are, '' if none
--
-- Returns {id, more, user, score, ...}: the id of the last entry read, '1' where there may be more, and each user once,
-- numbers as text; 'none' for a user who was taken off the board, and 'hidden' for one of whose change only the user
-- is to know. Any other user without a score in this window is left out.

local ledger, scores = KEYS[1], KEYS[2]
local after, count, segment = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local LEAVING = {ban = true, delete = true, erase = true}

if after == '' then
  local last = redis.call('XREVRANGE', ledger, '+', '-', 'COUNT', 1)[1]
  return {last and last[1] or '0-0', '0'}
end

local entries = redis.call('XRANGE', ledger, '(' .. after, '+', 'COUNT', count)
local answer = {after, #entries == count and '1' or '0'}
if #entries == 0 then return answer end
answer[1] = entries[#entries][1]

local function is_of_segment(names)
  if segment == '' then return true end
  for _, name in ipairs(names and cjson.decode(names) or {}) do
    if name == segment then return true end
  end
  return false
end

local users, known = {}, {}
for _, entry in ipairs(entries) do
  local fields, field = entry[2], {}
  for i = 1, #fields, 2 do field[fields[i]] = fields[i + 1] end
  local user = field.user_id
  if not known[user] then
    known[user] = {}
    users[#users + 1] = user
  end
  if not field.hidden then
    known[user].is_public = true
    if LEAVING[field.kind] and is_of_segment(field.segments) then known[user].has_left = true end
  end
end

for i, score in ipairs(redis.call('ZMSCORE', scores, unpack(users))) do
  local user = users[i]
  local told = score or (known[user].has_left and 'none') or (not known[user].is_public and 'hidden')
  if told then
    answer[#answer + 1] = user
    answer[#answer + 1] = told
  end
end
return answer
