#!lua
-- archive-lease: gives a board to one worker for a time, keeps it for the one that has it, or takes it back.
--
-- KEYS[1] lease     string  the worker that archives the board
-- ARGV[1] worker    who asks
-- ARGV[2] lasts_ms  for how long, 0 to give it back
--
-- Returns 'held', 'other' while another worker has it, or 'free' when it was given back.

local lease = KEYS[1]
local worker, lasts_ms = ARGV[1], tonumber(ARGV[2])

local owner = redis.call('GET', lease)
if owner and owner ~= worker then return 'other' end
if lasts_ms == 0 then
  redis.call('DEL', lease)
  return 'free'
end
redis.call('SET', lease, worker, 'PX', lasts_ms)
return 'held'
