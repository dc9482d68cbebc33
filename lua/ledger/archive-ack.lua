#!lua
-- archive-ack: acknowledges entries of a ledger that are archived, and trims the entries that no reader needs any more.
--
-- KEYS[1] ledger  stream  one entry for each thing that happened
-- ARGV[1] group   the group whose entries are acknowledged
-- ARGV[2] keep_ms the last part of the stream, which stays in any case: live feeds read it
-- ARGV[3..]       ids of the entries, at least one
--
-- Returns how many of them had not been acknowledged before.

local ledger = KEYS[1]
local group, keep_ms = ARGV[1], tonumber(ARGV[2])

local acknowledged = redis.call('XACK', ledger, group, unpack(ARGV, 3))

local function place_of(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end

-- An entry that any group has not acknowledged yet stays in the stream.
local cut_ms, cut_seq = redis.call('TIME')[1] * 1000 - keep_ms, 0
for _, row in ipairs(redis.call('XINFO', 'GROUPS', ledger)) do
  local info = {}
  for i = 1, #row, 2 do info[row[i]] = row[i + 1] end
  local first = info['last-delivered-id']
  if info.pending > 0 then first = redis.call('XPENDING', ledger, info.name)[2] end
  local ms, seq = place_of(first)
  if ms < cut_ms or (ms == cut_ms and seq < cut_seq) then cut_ms, cut_seq = ms, seq end
end
redis.call('XTRIM', ledger, 'MINID', '~', string.format('%.0f-%.0f', math.max(0, cut_ms), cut_seq))
return acknowledged
