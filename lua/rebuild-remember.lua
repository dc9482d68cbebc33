#!lua
-- rebuild-remember: remembers actions of one day that the ledger says have counted, as increment does.
--
-- KEYS[1..]  seen      hash  for each action its slot of the day: action digest -> record
-- ARGV[1]    until_ms  when the day's slots may go
-- ARGV[2]    records   a line for each action: its digest, a blank, and its record
--
-- Returns how many there were.

local until_ms, records = ARGV[1], ARGV[2]
local call = redis.call

local n = 0
for digest, record in string.gmatch(records, '([^ ]+) ([^\n]+)\n?') do
  n = n + 1
  local seen = KEYS[n]
  call('HSET', seen, digest, record)
  if call('HLEN', seen) == 1 then call('PEXPIREAT', seen, until_ms) end
end
return n
