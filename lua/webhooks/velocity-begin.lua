#!lua
-- velocity-begin: gives the cursor up to which a board's velocity was judged; starts anew where the rule has changed.
--
-- KEYS[1] rules     hash  there while there is such a board; created in µs of Redis' time
-- KEYS[2] velocity  hash  rule, since (names the sums), cursor (the last ledger entry that was judged), number (of it)
-- ARGV[1] rule      names points and period
-- ARGV[2] per_ms    the period: a new rule looks back that far
--
-- Returns {'running' or 'started', cursor, since, number}, number '' where it is not known; or {'gone', '', '', ''}:
-- there is no such board.

local rules, velocity = KEYS[1], KEYS[2]
local rule, per_ms = ARGV[1], tonumber(ARGV[2])
local call = redis.call

local created = call('HGET', rules, 'created')
if not created then return {'gone', '', '', ''} end
local stored = call('HMGET', velocity, 'rule', 'cursor', 'since', 'number')
if stored[1] == rule then return {'running', stored[2], stored[3], stored[4]} end
local clock = call('TIME')
local since = string.format('%.0f', clock[1] * 1000000 + clock[2])
local from_ms = math.max(math.floor(since / 1000) - per_ms, math.floor(created / 1000))
local cursor = string.format('%.0f-0', from_ms)
call('HSET', velocity, 'rule', rule, 'cursor', cursor, 'since', since, 'number', '')
return {'started', cursor, since, ''}
