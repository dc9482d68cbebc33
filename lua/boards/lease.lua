#!lua
-- lease: gives a board to one worker for a time, extends the time for the worker that holds it, or releases the board.
--
-- KEYS[1] lease     string  the worker that holds the board for one kind of work
-- ARGV[1] worker    the worker that asks
-- ARGV[2] lasts_ms  for how long; 0 to release
--
-- Returns 'held', 'other' while another worker holds it, or 'free' after a release.

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
