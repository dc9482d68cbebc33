-- shadow: what users see of their own score while nobody else does.
local shadow = (function()
  local call = redis.call

  local function is_in(current, user, segment)
    if segment == '' then return true end
    for name in string.gmatch(call('HGET', current, user) or '', '[^\n]+') do
      if name == segment then return true end
    end
    return false
  end

  -- The score that was hidden of a user who is not to notice it; nil for anybody else.
  local function score_hidden(hidden, banned, current, user, segment)
    local ban = call('HGET', banned, user)
    if not ban or not cjson.decode(ban).shadow or not is_in(current, user, segment) then return nil end
    return call('ZSCORE', hidden, user) or nil
  end

  return {score_hidden = score_hidden}
end)()
