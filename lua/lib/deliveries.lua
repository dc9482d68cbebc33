-- deliveries: the deliveries of one webhook. Fields of the hash `log`: '<id> type', '<id> body', '<id> state',
-- '<id> round' (attempts of the running schedule that failed) and '<id> attempts' (a line of text each, the last 20).
-- `busy` holds the claims: a delivery, and until when its attempt under way is claimed.
local deliveries = (function()
  local call = redis.call
  local MAX_ATTEMPTS = 20
  local FIELDS = {'type', 'body', 'state', 'round', 'attempts'}

  local function now_ms()
    local clock = call('TIME')
    return clock[1] * 1000 + math.floor(clock[2] / 1000)
  end

  local function integer_text(n) return string.format('%.0f', n) end

  -- Frees every claim that has run out: the worker that made it has died.
  local function free_claims(busy, now) call('ZREMRANGEBYSCORE', busy, '-inf', integer_text(now)) end

  local function add(log, order, id, kind, body, now)
    call('HSET', log, id .. ' type', kind, id .. ' body', body, id .. ' state', 'pending')
    call('HSET', log, id .. ' round', '0', id .. ' attempts', '')
    call('ZADD', order, integer_text(now), id)
  end

  local function add_attempt(log, id, attempt)
    local attempts = call('HGET', log, id .. ' attempts')
    attempts = attempts == '' and attempt or attempts .. '\n' .. attempt
    local newlines = select(2, string.gsub(attempts, '\n', ''))
    if newlines >= MAX_ATTEMPTS then attempts = string.match(attempts, '^[^\n]*\n(.*)$') end
    call('HSET', log, id .. ' attempts', attempts)
  end

  -- Ends a delivery. It can be listed and replayed while it is among the last `max_done` that ended, for `keep_ms`.
  local function finish(keys, id, state, now, max_done, keep_ms)
    call('HSET', keys.log, id .. ' state', state)
    call('ZREM', keys.due, id)
    call('ZADD', keys.done, integer_text(now), id)
    local old = call('ZRANGEBYSCORE', keys.done, '-inf', integer_text(now - keep_ms), 'LIMIT', 0, 100)
    local over = call('ZCARD', keys.done) - max_done
    if over > #old then old = call('ZRANGE', keys.done, 0, over - 1) end
    for _, ended in ipairs(old) do
      call('ZREM', keys.done, ended)
      if not call('ZSCORE', keys.due, ended) then -- else it is being replayed
        for _, field in ipairs(FIELDS) do call('HDEL', keys.log, ended .. ' ' .. field) end
        call('ZREM', keys.order, ended)
      end
    end
  end

  return {
    now_ms = now_ms, integer_text = integer_text, free_claims = free_claims,
    add = add, add_attempt = add_attempt, finish = finish
  }
end)()
