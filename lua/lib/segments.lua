-- segments: who is in which part of a board, such as region:eu. A user is in one value of each segment, with the same
-- score as in the window itself. A segment's keys are those of its window with the segment's name and value behind.
local segments = (function()
  local call = redis.call
  -- Former segments that are remembered of a user, so that a removal finds them in past windows. Who leaves more of
  -- them while those are kept stays in the oldest: with a new one each day it would take all of the longest retention
  -- twice over.
  local MAX_FORMER = 1000

  local function list_of(text)
    local segment_list = {}
    for segment in string.gmatch(text or '', '[^\n]+') do segment_list[#segment_list + 1] = segment end
    return segment_list
  end

  local function name_of(segment) return string.match(segment, '^[^:]+') end

  local function has(segment_list, wanted)
    for _, segment in ipairs(segment_list) do
      if segment == wanted then return true end
    end
    return false
  end

  local function key_of(key, segment) return key .. ':' .. segment end

  -- The order of segments: by bytes. `<` would follow the locale that the server was started with, and a rebuild
  -- would store another text.
  local function is_before(a, b)
    for i = 1, math.min(#a, #b) do
      local byte_a, byte_b = string.byte(a, i), string.byte(b, i)
      if byte_a ~= byte_b then return byte_a < byte_b end
    end
    return #a < #b
  end

  -- What a user is in when `given` replaces those of the same names: all, and those that are left.
  local function merge(before, given)
    local now, left = {}, {}
    local by_name = {}
    for _, segment in ipairs(given) do by_name[name_of(segment)] = segment end
    for _, segment in ipairs(before) do
      local replaced = by_name[name_of(segment)]
      if replaced and replaced ~= segment then left[#left + 1] = segment end
      if not replaced then now[#now + 1] = segment end
    end
    for _, segment in pairs(by_name) do now[#now + 1] = segment end
    table.sort(now, is_before)
    return now, left
  end

  -- Takes note of the segments that a user is in. Returns all of the user's, and those left, both as lists of
  -- name:value.
  local function move(current, former, user, given)
    local text = call('HGET', current, user)
    local before = list_of(text)
    if not given then return before, {} end
    local now, left = merge(before, given)
    local now_text = table.concat(now, '\n')
    if now_text == (text or '') then return before, left end
    call('HSET', current, user, now_text)
    if #left == 0 then return now, left end
    local past = {}
    for _, segment in ipairs(list_of(call('HGET', former, user))) do
      if not has(left, segment) then past[#past + 1] = segment end
    end
    for _, segment in ipairs(left) do past[#past + 1] = segment end
    while #past > MAX_FORMER do table.remove(past, 1) end
    call('HSET', former, user, table.concat(past, '\n'))
    return now, left
  end

  -- Notes segments that a user has in a past window alone, so that a removal finds them.
  local function remember(current, former, user, segment_list)
    local known = list_of(call('HGET', former, user))
    local count, now = #known, list_of(call('HGET', current, user))
    for _, segment in ipairs(segment_list) do
      if not has(now, segment) and not has(known, segment) then known[#known + 1] = segment end
    end
    if #known > count then call('HSET', former, user, table.concat(known, '\n')) end
  end

  -- Every segment that a user is or was in.
  local function ever(current, former, user)
    local segment_list = list_of(call('HGET', current, user))
    for _, segment in ipairs(list_of(call('HGET', former, user))) do
      if not has(segment_list, segment) then segment_list[#segment_list + 1] = segment end
    end
    return segment_list
  end

  -- Of these segments those of a window, by the key of its scores or of those set hidden, that hold a user.
  local function within(key, user, segment_list)
    local held = {}
    for _, segment in ipairs(segment_list) do
      if call('ZSCORE', key_of(key, segment), user) then held[#held + 1] = segment end
    end
    return held
  end

  -- Notes in which segments of a window the score counts that is hidden: they have keys as those of visible scores.
  local function mark(hidden, user, segment_list, expires_ms)
    for _, segment in ipairs(segment_list) do
      call('ZADD', key_of(hidden, segment), 0, user)
      if expires_ms > 0 then call('PEXPIREAT', key_of(hidden, segment), string.format('%.0f', expires_ms)) end
    end
  end

  local function unmark(hidden, user, segment_list)
    for _, segment in ipairs(segment_list) do call('ZREM', key_of(hidden, segment), user) end
  end

  return {mark = mark, unmark = unmark, move = move, merge = merge, remember = remember, ever = ever, within = within, key_of = key_of}
end)()
