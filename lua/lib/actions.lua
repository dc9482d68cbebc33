-- actions: what is remembered of an action, so that it counts once: '<increment> <score after>', and a mark where the increment alone does
-- not say what the action was. An action is known by its digest, in the slot of the day that it counted on.
local actions = (function()
  local call = redis.call
  local FUTURE_MS = 300000 -- how far an action id's own time may be ahead of Redis' clock

  -- Increment, score and mark of an action that has counted today or the day before; nil for one that is not remembered.
  local function recall(records, older, digest)
    local known = call('HGET', records, digest) or call('HGET', older, digest)
    if known then return string.match(known, '^(%d+) (%d+)(.*)$') end
  end

  local function remember(records, digest, record, until_ms)
    call('HSET', records, digest, record)
    if call('HLEN', records) == 1 then call('PEXPIREAT', records, until_ms) end
  end

  -- Whether an id carries a time that the memory does not reach. An id from the future is remembered from now on, not from its own
  -- time: so much earlier it is too old.
  local function is_beyond(made_ms, now_ms, memory_ms)
    return made_ms > 0 and (now_ms - made_ms > memory_ms - FUTURE_MS or made_ms - now_ms > FUTURE_MS)
  end

  return {recall = recall, remember = remember, is_beyond = is_beyond}
end)()
