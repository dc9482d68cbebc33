-- heads: writes a window's scores and keeps its head exact, whatever becomes of them.
--
-- The head of a window is a hash of its first `size` users, each with the sequence number of reaching the present
-- score: higher scores first, of equals whoever was there first. Whoever is not in it stands behind all of it. So two
-- rules keep it: from outside one enters only with a score above the lowest of a full head, whose last then leaves;
-- and whose score falls to one outside, or below it, changes places with that one. Those outside have no sequence
-- numbers: of equals there the last in Redis' order is first.
local heads = (function()
  local call, number = redis.call, tonumber
  local NONE = -math.huge
  local FEW = 16 -- equals: to look at them alone takes a tenth of the time that all of the head takes

  local function integer_text(n) return string.format('%.0f', n) end

  local function score_at(scores, place)
    return number(call('ZRANGE', scores, place, place, 'REV', 'WITHSCORES')[2])
  end

  -- The lowest score of a full head; one that is not full takes everybody.
  local function floor_of(window)
    return score_at(window.scores, window.size - 1) or NONE
  end

  -- A window of a board, for as long as the script runs.
  local function open(board, scores, head, size)
    local window = {board = board, scores = scores, head = head, size = size}
    window.floor = floor_of(window)
    return window
  end

  local function seat(window, user)
    local board = window.board
    board.sequence = math.max(board.sequence + 1, board.now_us)
    board.changed = true
    return call('HSET', window.head, user, integer_text(board.sequence)) == 1
  end

  -- Users with the lowest score of the head, some of them perhaps outside.
  local function users_at(window, lowest)
    local users = call('ZRANGE', window.scores, integer_text(lowest), integer_text(lowest), 'BYSCORE', 'LIMIT', 0, FEW + 1)
    if #users <= FEW then return users end
    local all, there = call('HKEYS', window.head), {}
    for i, score in ipairs(call('ZMSCORE', window.scores, unpack(all))) do
      if number(score) == lowest then there[#there + 1] = all[i] end
    end
    return there
  end

  -- Whoever reached the lowest score of the head last leaves it, when one has entered too many. No one outside is
  -- above the floor, even where it has risen unnoticed with users of the head: so the lowest of the head has the
  -- place behind a full one.
  local function drop_last(window)
    local users = users_at(window, score_at(window.scores, window.size))
    local last, last_sequence
    for i, sequence in ipairs(call('HMGET', window.head, unpack(users))) do
      local reached = number(sequence or 0)
      if not last or reached > last_sequence then last, last_sequence = users[i], reached end
    end
    call('HDEL', window.head, last)
  end

  -- A user has come, or to a higher score, which is written already.
  local function rise(window, user, score)
    if number(score) <= window.floor then return end
    if not seat(window, user) then return end
    local size = call('HLEN', window.head)
    if size > window.size then drop_last(window) end
    if size >= window.size then window.floor = floor_of(window) end
  end

  -- The first of those outside, who have this score. At most `size` with it are in the head.
  local function first_outside(window, score)
    local users = call('ZRANGE', window.scores, integer_text(score), integer_text(score), 'BYSCORE', 'REV', 'LIMIT', 0, window.size + 1)
    for i, reached in ipairs(call('HMGET', window.head, unpack(users))) do
      if not reached then return users[i] end
    end
  end

  -- A user has come to a lower score, which is written already. All others of a full head are at or above the new
  -- floor, so whoever stands outside at the floor is the next.
  local function fall(window, user, score)
    window.floor = floor_of(window)
    if call('HEXISTS', window.head, user) == 0 then return end
    local next_user = number(score) <= window.floor and first_outside(window, window.floor)
    if next_user then call('HDEL', window.head, user) end
    seat(window, next_user or user)
  end

  -- Gives a user a score, as text; whether that is another one than before.
  local function put(window, user, score)
    local before = number(call('ZSCORE', window.scores, user))
    if before == number(score) then return false end
    call('ZADD', window.scores, score, user)
    if before and number(score) < before then fall(window, user, score) else rise(window, user, score) end
    return true
  end

  -- Takes a user out. Returns the score, if there was one.
  local function remove(window, user)
    local score = call('ZSCORE', window.scores, user)
    if not score then return false end
    call('ZREM', window.scores, user)
    window.floor = floor_of(window)
    if call('HDEL', window.head, user) == 0 then return score end
    window.board.changed = true
    if window.floor > NONE then seat(window, first_outside(window, window.floor)) end
    return score
  end

  return {open = open, rise = rise, put = put, remove = remove}
end)()
