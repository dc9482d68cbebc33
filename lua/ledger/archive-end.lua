#!lua
-- archive-end: removes the ledger of a board that was deleted, once all of it is archived.
--
-- KEYS[1] rules   hash    there while there is such a board
-- KEYS[2] ledger  stream  one entry for each thing that happened
--
-- Returns 'ended', 'board' while there is such a board, or 'waiting' while something is not archived.

local rules, ledger = KEYS[1], KEYS[2]
local call = redis.call

if call('EXISTS', rules) == 1 then return 'board' end
for _, row in ipairs(call('EXISTS', ledger) == 1 and call('XINFO', 'GROUPS', ledger) or {}) do
  local info = {}
  for i = 1, #row, 2 do info[row[i]] = row[i + 1] end
  local unread = call('XRANGE', ledger, '(' .. info['last-delivered-id'], '+', 'COUNT', 1)
  if info.pending > 0 or #unread > 0 then return 'waiting' end
end
call('UNLINK', ledger)
return 'ended'
