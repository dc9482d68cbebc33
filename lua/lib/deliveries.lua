-- deliveries: what is kept of the deliveries of one webhook. Fields of the hash `log`: '<id> type', '<id> body', '<id> state',
-- '<id> round' (attempts of the running schedule that failed) and '<id> tries' (a line for each attempt, the last twenty).
local deliveries = (function()
  local call = redis.call
  local TRIES = 20

  local function now_ms()
    local clock = call('TIME')
    return clock[1] * 1000 + math.floor(clock[2] / 1000)
  end

  local function integer_text(n) return string.format('%.0f', n) end

  -- Frees every claim that has run out: whoever made it has died.
  local function free(busy, now) call('ZREMRANGEBYSCORE', busy, '-inf', integer_text(now)) end

  local function begin(log, order, id, kind, body, now)
    call('HSET', log, id .. ' type', kind, id .. ' body', body, id .. ' state', 'pending', id .. ' round', '0', id .. ' tries', '')
    call('ZADD', order, integer_text(now), id)
  end

  local function add_try(log, id, line)
    local tries = call('HGET', log, id .. ' tries')
    tries = tries == '' and line or tries .. '\n' .. line
    if select(2, string.gsub(tries, '\n', '')) >= TRIES then tries = string.match(tries, '^[^\n]*\n(.*)$') end
    call('HSET', log, id .. ' tries', tries)
  end

  -- Ends a delivery. It stays to be looked at and replayed while it is among the last `keep` that ended, for `keep_ms`.
  local function finish(keys, id, state, now, keep, keep_ms)
    call('HSET', keys.log, id .. ' state', state)
    call('ZREM', keys.due, id)
    call('ZADD', keys.done, integer_text(now), id)
    local old = call('ZRANGEBYSCORE', keys.done, '-inf', integer_text(now - keep_ms), 'LIMIT', 0, 100)
    local over = call('ZCARD', keys.done) - keep
    if over > #old then old = call('ZRANGE', keys.done, 0, over - 1) end
    for _, gone in ipairs(old) do
      call('ZREM', keys.done, gone)
      if not call('ZSCORE', keys.due, gone) then -- else it is being replayed
        call('HDEL', keys.log, gone .. ' type', gone .. ' body', gone .. ' state', gone .. ' round', gone .. ' tries')
        call('ZREM', keys.order, gone)
      end
    end
  end

  return {now_ms = now_ms, integer_text = integer_text, free = free, begin = begin, add_try = add_try, finish = finish}
end)()
