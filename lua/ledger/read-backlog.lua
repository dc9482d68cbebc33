#!lua flags=no-writes
-- read-backlog: how far the archive of a ledger is behind.
--
-- KEYS[1] ledger  stream  one entry for each thing that happened
-- KEYS[2] dead    stream  entries that could not be archived
-- ARGV[1] group   the group of the archivers
--
-- Returns {entries, waiting, oldest_ms, now_ms, dead}, numbers as text: the entries that the stream holds, those not
-- archived, when the oldest of these was written (0 where there is none), the time, and the dead letters.

local ledger, dead = KEYS[1], KEYS[2]
local group = ARGV[1]

local text = function (number) return string.format('%.0f', number) end
local clock = redis.call('TIME')
local now_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)
local entries, dead_letters = redis.call('XLEN', ledger), redis.call('XLEN', dead)

local after, pending, lag = '0-0', 0, entries
for _, row in ipairs(redis.call('EXISTS', ledger) == 1 and redis.call('XINFO', 'GROUPS', ledger) or {}) do
  local info = {}
  for i = 1, #row, 2 do info[row[i]] = row[i + 1] end
  if info.name == group then after, pending, lag = info['last-delivered-id'], info.pending, info.lag end
end

local unread = redis.call('XRANGE', ledger, '(' .. after, '+', 'COUNT', 1)[1]
local oldest = unread and unread[1]
if pending > 0 then oldest = redis.call('XPENDING', ledger, group)[2] end
-- Redis does not always know how many are unread: then it is as many as there can be.
local waiting = pending + (unread and (lag or entries) or 0)
return {text(entries), text(waiting), oldest and string.match(oldest, '^%d+') or '0', text(now_ms), text(dead_letters)}
