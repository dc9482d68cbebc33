#!lua
-- rebuild-remember: remembers actions of one day that the ledger says have counted, as increment does.
--
-- KEYS[1..]  records   hash  a slot of the day: action digest -> record
-- ARGV[1]    until_ms  when the day's slots may go
-- ARGV[2..]  records   for each slot a line for each of its actions: its digest, a blank, and its record
--
-- Returns how many there were.

local until_ms = ARGV[1]
local call = redis.call

local n = 0
for k, slot in ipairs(KEYS) do
  local cells = {}
  for digest, record in string.gmatch(ARGV[k + 1], '([^ ]+) ([^\n]+)\n') do cells[#cells + 1], cells[#cells + 2] = digest, record end
  n = n + #cells / 2
  local added = call('HSET', slot, unpack(cells))
  if call('HLEN', slot) == added then call('PEXPIREAT', slot, until_ms) end
end
return n
