#!lua flags=no-writes
-- read-receipt: what became of one action.
--
-- KEYS[1..] slots   hashes  action digest -> "increment score" and perhaps more, a slot for each day looked at
-- ARGV[1]   digest  the action's digest
--
-- Returns {'counted', increment, score} or {'unknown'}, numbers as text.

--#include "actions"
local digest = ARGV[1]

for _, slot in ipairs(KEYS) do
  local known = redis.call('HGET', slot, digest)
  if known then
    local increment, score, mark = actions.parse(known)
    if mark == ' ~-' then increment = '-' .. increment end
    return {'counted', increment, score}
  end
end
return {'unknown'}
