-- entries: where a user stands in a window: in it and in segments of it, or set hidden, where scores count and nobody
-- sees them.
local entries = (function()
  local call = redis.call

  -- A window by its keys. It is opened only where the user is: a user is in few of some hundred windows.
  local function window_of(board, size, scores, head, hidden)
    return {board = board, size = size, scores = scores, head = head, hidden = hidden}
  end

  local function open(window, segment)
    if not segment then return heads.open(window.board, window.scores, window.head, window.size) end
    return heads.open(window.board, segments.key_of(window.scores, segment), segments.key_of(window.head, segment), window.size)
  end

  local function take(window, segment, user)
    local scores = segment and segments.key_of(window.scores, segment) or window.scores
    if not call('ZSCORE', scores, user) then return false end
    return heads.remove(open(window, segment), user)
  end

  -- Takes a user out of a window and of these segments of it. Returns the score, as it is stored, if there was one.
  local function take_out(window, user, segment_list)
    local score = take(window, nil, user)
    if not score then return false end
    for _, segment in ipairs(segment_list) do take(window, segment, user) end
    return score
  end

  -- Takes a user out of these segments of a window, and leaves the window itself.
  local function take_segments(window, user, segment_list)
    for _, segment in ipairs(segment_list) do take(window, segment, user) end
  end

  local function keep(ranking, expires_ms)
    call('PEXPIREAT', ranking.scores, expires_ms)
    call('PEXPIREAT', ranking.head, expires_ms)
  end

  local function put(window, segment, user, score, expires_ms)
    local ranking = open(window, segment)
    local is_new = call('EXISTS', ranking.scores) == 0
    heads.put(ranking, user, score)
    if is_new and expires_ms > 0 then keep(ranking, string.format('%.0f', expires_ms)) end
  end

  -- Gives a user this score, as it is stored, in a window and in these segments of it; `expires_ms` 0 or below for
  -- ever.
  local function put_in(window, user, score, segment_list, expires_ms)
    put(window, nil, user, score, expires_ms)
    for _, segment in ipairs(segment_list) do put(window, segment, user, score, expires_ms) end
  end

  local function put_hidden(window, user, score, segment_list, expires_ms)
    call('ZADD', window.hidden, score, user)
    segments.mark(window.hidden, user, segment_list, expires_ms)
    if expires_ms > 0 then call('PEXPIREAT', window.hidden, string.format('%.0f', expires_ms)) end
  end

  -- Forgets what was hidden; whether there was anything.
  local function drop_hidden(window, user, segment_list)
    if call('ZREM', window.hidden, user) == 0 then return false end
    segments.unmark(window.hidden, user, segment_list)
    return true
  end

  -- Out of shadow, for as long as the window is kept. Returns the score, if there was one.
  local function hide(window, user, segment_list)
    local expires_ms = call('PEXPIRETIME', window.scores)
    if not call('ZSCORE', window.scores, user) then return false end
    local held = segments.within(window.scores, user, segment_list)
    local score = take_out(window, user, held)
    put_hidden(window, user, score, held, expires_ms)
    return score
  end

  -- Back into shadow, in the segments `now`, or without them in those of then, of all that the user ever was in.
  -- Returns the score, if there was one.
  local function bring_back(window, user, ever, now)
    local score = call('ZSCORE', window.hidden, user)
    if not score then return false end
    local expires_ms = call('PEXPIRETIME', window.hidden)
    local segment_list = now or segments.within(window.hidden, user, ever)
    drop_hidden(window, user, ever)
    put_in(window, user, score, segment_list, expires_ms)
    return score
  end

  return {
    window_of = window_of, take_out = take_out, take_segments = take_segments, put_in = put_in, put_hidden = put_hidden, drop_hidden = drop_hidden,
    hide = hide, bring_back = bring_back
  }
end)()
