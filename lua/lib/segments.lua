-- segments: who is in which part of a board, such as region:eu. A user is in one value of each segment, with the same score as in
-- the window itself. A segment's keys are those of its window with the segment's name and value behind.
local segments = (function()
  local call = redis.call
  -- Former segments that are remembered of a user, so that a removal finds them in past windows. Who leaves more of them while those are
  -- kept stays in the oldest: with a new one each day it would take all of the longest retention twice over.
  local MOST_FORMER = 1000

  local function lines_of(text)
    local lines = {}
    for line in string.gmatch(text or '', '[^\n]+') do lines[#lines + 1] = line end
    return lines
  end

  local function name_of(line) return string.match(line, '^[^:]+') end

  local function has(lines, wanted)
    for _, line in ipairs(lines) do
      if line == wanted then return true end
    end
    return false
  end

  local function key_of(key, line) return key .. ':' .. line end

  -- What a user is in when `given` replaces those of the same names: all, and those that are left.
  local function merge(before, given)
    local now, left = {}, {}
    local by_name = {}
    for _, line in ipairs(given) do by_name[name_of(line)] = line end
    for _, line in ipairs(before) do
      local replaced = by_name[name_of(line)]
      if replaced and replaced ~= line then left[#left + 1] = line end
      if not replaced then now[#now + 1] = line end
    end
    for _, line in pairs(by_name) do now[#now + 1] = line end
    table.sort(now)
    return now, left
  end

  -- Takes note of the segments that a user is in. Returns all of the user's, and those left, both as lists of name:value.
  local function move(current, former, user, given)
    local text = call('HGET', current, user)
    local before = lines_of(text)
    if not given then return before, {} end
    local now, left = merge(before, given)
    local now_text = table.concat(now, '\n')
    if now_text == (text or '') then return before, left end
    call('HSET', current, user, now_text)
    if #left == 0 then return now, left end
    local past = {}
    for _, line in ipairs(lines_of(call('HGET', former, user))) do
      if not has(left, line) then past[#past + 1] = line end
    end
    for _, line in ipairs(left) do past[#past + 1] = line end
    while #past > MOST_FORMER do table.remove(past, 1) end
    call('HSET', former, user, table.concat(past, '\n'))
    return now, left
  end

  -- Notes segments that a user has in a past window alone, so that a removal finds them.
  local function remember(current, former, user, lines)
    local known = lines_of(call('HGET', former, user))
    local count, now = #known, lines_of(call('HGET', current, user))
    for _, line in ipairs(lines) do
      if not has(now, line) and not has(known, line) then known[#known + 1] = line end
    end
    if #known > count then call('HSET', former, user, table.concat(known, '\n')) end
  end

  -- Every segment that a user is or was in.
  local function ever(current, former, user)
    local lines = lines_of(call('HGET', current, user))
    for _, line in ipairs(lines_of(call('HGET', former, user))) do
      if not has(lines, line) then lines[#lines + 1] = line end
    end
    return lines
  end

  -- Of these segments those of a window, by the key of its scores or of those set hidden, that hold a user.
  local function within(key, user, lines)
    local held = {}
    for _, line in ipairs(lines) do
      if call('ZSCORE', key_of(key, line), user) then held[#held + 1] = line end
    end
    return held
  end

  -- Notes in which segments of a window the score counts that is hidden: they have keys as those of visible scores.
  local function mark(hidden, user, lines, expires_ms)
    for _, line in ipairs(lines) do
      call('ZADD', key_of(hidden, line), 0, user)
      if expires_ms > 0 then call('PEXPIREAT', key_of(hidden, line), string.format('%.0f', expires_ms)) end
    end
  end

  local function unmark(hidden, user, lines)
    for _, line in ipairs(lines) do call('ZREM', key_of(hidden, line), user) end
  end

  return {mark = mark, unmark = unmark, move = move, merge = merge, remember = remember, ever = ever, within = within, key_of = key_of}
end)()
