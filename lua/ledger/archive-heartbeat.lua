#!lua
-- archive-heartbeat: records that a worker is alive, and counts the workers that share the boards.
--
-- KEYS[1] workers   zset  worker -> until when it counts, in ms
-- ARGV[1] worker    the worker that is alive
-- ARGV[2] lasts_ms  how long this heartbeat counts; 0 to leave
--
-- Returns how many workers there are.

local workers = KEYS[1]
local worker, lasts_ms = ARGV[1], tonumber(ARGV[2])

local now_ms = redis.call('TIME')[1] * 1000
redis.call('ZREMRANGEBYSCORE', workers, '-inf', string.format('%.0f', now_ms))
if lasts_ms == 0 then
  redis.call('ZREM', workers, worker)
else
  redis.call('ZADD', workers, string.format('%.0f', now_ms + lasts_ms), worker)
end
return redis.call('ZCARD', workers)
