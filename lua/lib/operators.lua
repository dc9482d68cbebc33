-- operators: what becomes of a score when an increment or a score comes, on boards that add, that keep the better
-- score, and that keep the latest. `sign` is '-' where the lowest score is the first: scores are stored negative
-- there, so that the highest always is. Amounts and scores are text.
local operators = (function()
  local call, number = redis.call, tonumber

  local function lower_by(scores, user, increment)
    return string.format('%.0f', number(call('ZSCORE', scores, user) or 0) - number(increment))
  end

  -- Into a window. Each returns the score after, as it is stored.
  local write = {
    increment = function(window, user, increment, sign)
      if sign == '-' then
        local score = lower_by(window.scores, user, increment)
        heads.put(window, user, score)
        return score
      end
      local score = call('ZINCRBY', window.scores, increment, user)
      heads.rise(window, user, score)
      return score
    end,
    best = function(window, user, increment, sign)
      local score = sign .. increment
      if call('ZADD', window.scores, 'GT', 'CH', score, user) == 0 then return call('ZSCORE', window.scores, user) end
      heads.rise(window, user, score)
      return score
    end,
    latest = function(window, user, increment, sign)
      heads.put(window, user, sign .. increment)
      return sign .. increment
    end
  }

  -- Where nobody looks: no head.
  local write_hidden = {
    increment = function(hidden, user, increment, sign) call('ZINCRBY', hidden, sign .. increment, user) end,
    best = function(hidden, user, increment, sign) call('ZADD', hidden, 'GT', sign .. increment, user) end,
    latest = function(hidden, user, increment, sign) call('ZADD', hidden, sign .. increment, user) end
  }

  return {write = write, write_hidden = write_hidden}
end)()
