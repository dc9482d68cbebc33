#!lua
-- velocity-add: adds the points of one slice of time to the sums of users, and flags the users that exceed the rule.
--
-- KEYS[1] rules     hash  there while there is such a board
-- KEYS[2] velocity  hash  as in velocity-begin
-- KEYS[3] flagged   zset  user -> when the user was flagged last, in ms
-- KEYS[4] outbox    hash  flag -> its points and its JSON, until every webhook has its delivery
-- KEYS[5] slice     hash  user -> points in the slice of time that is added to
-- KEYS[6..]         hash  likewise, the earlier slices of the period
-- ARGV[1] rule    of the caller
-- ARGV[2] cursor  of the caller, before these points
-- ARGV[3] next    the cursor from now on
-- ARGV[4] number  of the cursor's entry in the ledger, '' where it is not known
-- ARGV[5] points  past which a user is flagged
-- ARGV[6] per_ms  the period
-- ARGV[7..]       user, points, ms, flag, JSON of the flag; each user once
--
-- Returns how many users were flagged, or -1 where another worker has moved the cursor

local rules, velocity, flagged, outbox, slice = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local rule, cursor, next, number = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local points, per_ms = tonumber(ARGV[5]), tonumber(ARGV[6])
local call = redis.call

local stored = call('HMGET', velocity, 'rule', 'cursor')
if call('EXISTS', rules) == 0 or stored[1] ~= rule or stored[2] ~= cursor then return -1 end
call('HSET', velocity, 'cursor', next, 'number', number)

local users, sums = {}, {}
for i = 7, #ARGV, 5 do
  users[#users + 1] = ARGV[i]
  sums[#users] = call('HINCRBY', slice, ARGV[i], ARGV[i + 1])
end
if #users == 0 then return 0 end
call('PEXPIRE', slice, 2 * per_ms + 60000)
for k = 6, #KEYS do
  for n, before in ipairs(call('HMGET', KEYS[k], unpack(users))) do sums[n] = sums[n] + tonumber(before or 0) end
end

local count = 0
for n, user in ipairs(users) do
  local i = 7 + 5 * (n - 1)
  local ms, flag, json = tonumber(ARGV[i + 2]), ARGV[i + 3], ARGV[i + 4]
  local last = sums[n] > points and (call('ZSCORE', flagged, user) or '-inf')
  if last and (last == '-inf' or ms >= last + per_ms) then
    call('ZADD', flagged, ARGV[i + 2], user)
    call('HSET', outbox, flag, string.format('%.0f', sums[n]) .. ' ' .. json)
    call('ZREMRANGEBYSCORE', flagged, '-inf', string.format('%.0f', ms - 2 * per_ms))
    count = count + 1
  end
end
return count
