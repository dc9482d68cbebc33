-- actions: the record of an action, so that it counts once: '<increment> <score after>', and a mark where the
-- increment alone does not say what the action was. An action is known by its digest, in the slot of the day that it
-- counted on. Twin for rebuilds: src/redis/ledger/board-draft.ts writes the same records.
local actions = (function()
  local call = redis.call

  -- Increment, score and mark of a record.
  local function parse(record) return string.match(record, '^(%d+) (%d+)(.*)$') end

  -- Increment, score and mark of an action that has counted today or the day before; nil for one that is not
  -- remembered.
  local function recall(records, older, digest)
    local record = call('HGET', records, digest) or call('HGET', older, digest)
    if record then return parse(record) end
  end

  -- Remembers an action that counts now. A mark begins with a space, and is '' where there is none.
  local function remember(records, digest, until_ms, increment, score, mark)
    call('HSET', records, digest, increment .. ' ' .. score .. mark)
    if call('HLEN', records) == 1 then call('PEXPIREAT', records, until_ms) end
  end

  -- Whether an id carries a time that the memory does not reach. An id from the future is remembered from now on, not
  -- from its own time: it is too old by as much earlier.
  local function is_beyond(made_ms, now_ms, memory_ms, future_ms)
    return made_ms > 0 and (now_ms - made_ms > memory_ms - future_ms or made_ms - now_ms > future_ms)
  end

  return {parse = parse, recall = recall, remember = remember, is_beyond = is_beyond}
end)()
