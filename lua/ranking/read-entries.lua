#!lua flags=no-writes
-- read-entries: a stretch of one window from any place on.
--
-- KEYS[1] scores     zset  user -> score
-- KEYS[2] head       hash  user -> sequence number of reaching the score, at most `head_size`
-- KEYS[3] names      hash  user -> username
-- ARGV[1] score      the place is behind everybody above this score, ...
-- ARGV[2] user       ... behind those with it down to this user in Redis' own order, '' for none of them, ...
-- ARGV[3] offset     ... and so many places on, or back where it is negative
-- ARGV[4] count      rows wanted from there on, at most 357
-- ARGV[5] head_size  users in a full head
--
-- Returns {total, place, first, first_higher, rows, head}, numbers as text: `place` counts from 0, and is negative
-- where the offset leads back over the first; rows {user, score, name, ...} are in Redis' own order, the first of
-- them at `first` there, with `first_higher` users above its score; head {user, score, sequence, name, ...} is the
-- head, unordered, where the place touches it, and then the rows begin up to `head_size` before the place.

local scores, head, names = KEYS[1], KEYS[2], KEYS[3]
local score, user, offset = ARGV[1], ARGV[2], tonumber(ARGV[3])
local count, head_size = tonumber(ARGV[4]), tonumber(ARGV[5])
local call = redis.call

local function integer_text(n) return string.format('%.0f', n) end
local function higher_than(other) return call('ZCOUNT', scores, '(' .. other, '+inf') end
local function at(place) return call('ZRANGE', scores, integer_text(place), integer_text(place), 'REV', 'WITHSCORES') end
local function score_at(place) return tonumber(at(place)[2]) end

-- By bytes, as Redis orders equals: Lua's own comparison follows the server's locale.
local function is_below(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- The place behind a user among equals at [from, till), whether it is there or not: the interval is halved, so in
-- at most 64 steps.
local function behind(from, till)
  while from < till do
    local middle = math.floor((from + till) / 2)
    if is_below(at(middle)[1], user) then till = middle else from = middle + 1 end
  end
  return from
end

local place = higher_than(score)
if user ~= '' then place = behind(place, call('ZCOUNT', scores, score, '+inf')) end
place = place + offset

-- Users of the head are anywhere among those with its lowest score, in Redis' order: a place of the board that is among
-- these is up to `head_size` places further back there.
local first, last = math.max(0, place), place + count - 1
local score_here = score_at(first)
local touches_head = score_here and score_here >= (score_at(head_size - 1) or score_here)
if touches_head then first = math.max(0, first - head_size) end

local range = call('ZRANGE', scores, integer_text(first), integer_text(last), 'REV', 'WITHSCORES')
local rows, front = {}, {}
local answer = {integer_text(call('ZCARD', scores)), integer_text(place), integer_text(first), range[2] and integer_text(higher_than(range[2])) or '0', rows, front}
if #range == 0 then return answer end

local users = {}
for i = 1, #range, 2 do users[#users + 1] = range[i] end
local name_of = call('HMGET', names, unpack(users))
for i, one in ipairs(users) do
  rows[3 * i - 2], rows[3 * i - 1], rows[3 * i] = one, range[2 * i], name_of[i] or ''
end
if not touches_head then return answer end

local reached, leaders = call('HGETALL', head), {}
for i = 1, #reached, 2 do leaders[#leaders + 1] = reached[i] end
if #leaders == 0 then return answer end
local score_of = call('ZMSCORE', scores, unpack(leaders))
name_of = call('HMGET', names, unpack(leaders))
for i, leader in ipairs(leaders) do
  front[4 * i - 3], front[4 * i - 2] = leader, score_of[i]
  front[4 * i - 1], front[4 * i] = reached[2 * i], name_of[i] or ''
end
return answer
