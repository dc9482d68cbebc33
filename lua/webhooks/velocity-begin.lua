#!lua
-- velocity-begin: where a board's velocity is followed from; anew where the rule is another one.
--
-- KEYS[1] rules     hash  there while there is such a board; created in µs of Redis' time
-- KEYS[2] velocity  hash  rule, since (names the sums), cursor (the last entry of the ledger that was judged), place (its number)
-- ARGV[1] rule      names points and period
-- ARGV[2] per_ms    the period: so far the rule looks back when it is new
--
-- Returns {'going' or 'begun', cursor, since, place}, place '' where it is not known; or {'gone', '', '', ''}: there is no such board.

local rules, velocity = KEYS[1], KEYS[2]
local rule, per_ms = ARGV[1], tonumber(ARGV[2])
local call = redis.call

local created = call('HGET', rules, 'created')
if not created then return {'gone', '', '', ''} end
local stored = call('HMGET', velocity, 'rule', 'cursor', 'since', 'place')
if stored[1] == rule then return {'going', stored[2], stored[3], stored[4]} end
local clock = call('TIME')
local since = string.format('%.0f', clock[1] * 1000000 + clock[2])
local from_ms = math.max(math.floor(since / 1000) - per_ms, math.floor(created / 1000))
local cursor = string.format('%.0f-0', from_ms)
call('HSET', velocity, 'rule', rule, 'cursor', cursor, 'since', since, 'place', '')
return {'begun', cursor, since, ''}
