#!lua flags=no-writes
-- read-user: one user's score and rank, and who stands around.
--
-- KEYS[1] scores     zset  user -> score
-- KEYS[2] head       hash  user -> sequence number of reaching the score, at most `head_size`
-- KEYS[3] names      hash  user -> username
-- KEYS[4] hidden      zset  user -> score of those who are banned
-- KEYS[5] banned     hash  user -> JSON of the ban
-- KEYS[6] current    hash  user -> the segments that the user is in
-- ARGV[1] user       whose
-- ARGV[2] around     neighbours wanted on either side, 0 for none
-- ARGV[3] head_size  users in a full head
-- ARGV[4] reader     'self' also sees what nobody else is to see, 'others' do not
-- ARGV[5] segment    name:value of the segment whose scores these are, '' if none
--
-- Returns {'unknown'}; {'hidden', score, higher, total, name} of a score that only the user sees, `total` without it;
-- or {'user', score, higher, total, name, place, place_higher, rows, head}, numbers as text: `higher` is how many
-- users have a higher score; rows {user, score, name, ...} are the neighbourhood in Redis' own order, the first of
-- them at `place` there, with `place_higher` users above its score; head {user, score, sequence, name, ...} is the
-- head, unordered, where the neighbourhood touches it, and then the rows reach far enough to find `around` neighbours
-- that are not in the head.

--#include "shadow"
local scores, head, names, hidden, banned, current = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local user, around, head_size, reader, segment = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local call = redis.call

local function integer_text(n) return string.format('%.0f', n) end
local function higher_than(other) return call('ZCOUNT', scores, '(' .. other, '+inf') end

local score = call('ZSCORE', scores, user)
if not score then
  local own = reader == 'self' and shadow.score_hidden(hidden, banned, current, user, segment)
  if not own then return {'unknown'} end
  return {'hidden', own, integer_text(higher_than(own)), integer_text(call('ZCARD', scores)), call('HGET', names, user) or ''}
end

local answer = {
  'user', score, integer_text(higher_than(score)), integer_text(call('ZCARD', scores)), call('HGET', names, user) or '',
  '0', '0', {}, {}
}
if around == 0 then return answer end

-- Behind all where there is nobody: scores may be negative.
local function score_at(place) return tonumber(call('ZRANGE', scores, place, place, 'REV', 'WITHSCORES')[2] or -math.huge) end

-- Users of the head are anywhere among those with its lowest score, in Redis' order: a neighbourhood that
-- reaches up to that score may have each of them in it, and so is read that much wider.
local rank = call('ZREVRANK', scores, user)
local first, last = math.max(0, rank - around), rank + around
local touches_head = score_at(first) >= score_at(head_size - 1)
if call('HEXISTS', head, user) == 1 then
  first, last = 0, head_size + around
elseif touches_head then
  first, last = math.max(0, first - head_size), last + head_size
end

local range = call('ZRANGE', scores, first, last, 'REV', 'WITHSCORES')
local users, rows = {}, answer[8]
for i = 1, #range, 2 do users[#users + 1] = range[i] end
local name_of = call('HMGET', names, unpack(users))
for i, neighbour in ipairs(users) do
  rows[3 * i - 2], rows[3 * i - 1], rows[3 * i] = neighbour, range[2 * i], name_of[i] or ''
end
answer[6], answer[7] = integer_text(first), integer_text(higher_than(range[2]))
if not touches_head then return answer end

local reached, leaders, front = call('HGETALL', head), {}, answer[9]
for i = 1, #reached, 2 do leaders[#leaders + 1] = reached[i] end
if #leaders == 0 then return answer end
local score_of = call('ZMSCORE', scores, unpack(leaders))
name_of = call('HMGET', names, unpack(leaders))
for i, leader in ipairs(leaders) do
  front[4 * i - 3], front[4 * i - 2] = leader, score_of[i]
  front[4 * i - 1], front[4 * i] = reached[2 * i], name_of[i] or ''
end
return answer
