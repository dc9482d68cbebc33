#!lua
-- refuse-action: remembers why a queued action was refused, for its receipt.
--
-- KEYS[1] meta     hash  there while the board is: one that was deleted gets nothing back
-- KEYS[2] refused  hash  action digest -> JSON of the refusal; those of the running day
-- ARGV[1] digest   the action's digest
-- ARGV[2] refusal  JSON
-- ARGV[3] until_ms when those of the running day may go
-- ARGV[4] max      refusals of a day that are remembered
--
-- Returns 'kept', 'gone' where there is no such board, or 'full'

local call = redis.call
local meta, refused = KEYS[1], KEYS[2]
local digest, refusal, until_ms, max = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

if call('EXISTS', meta) == 0 then return 'gone' end
if call('HLEN', refused) >= max and call('HEXISTS', refused, digest) == 0 then return 'full' end
call('HSET', refused, digest, refusal)
call('PEXPIREAT', refused, until_ms)
return 'kept'
