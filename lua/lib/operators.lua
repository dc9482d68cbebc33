-- operators: what becomes of a score when an amount comes, on boards that add, that keep the better score, and that keep the latest.
-- `sign` is '-' where the lowest score is the first: scores are stored negative there, so that the highest always is. Amounts and scores are text.
local operators = (function()
  local call, number = redis.call, tonumber

  local function lower_by(scores, user, amount)
    return string.format('%.0f', number(call('ZSCORE', scores, user) or 0) - number(amount))
  end

  -- Into a window. Each returns the score after, as it is stored.
  local write = {
    increment = function(window, user, amount, sign)
      if sign == '-' then
        local score = lower_by(window.scores, user, amount)
        heads.put(window, user, score)
        return score
      end
      local score = call('ZINCRBY', window.scores, amount, user)
      heads.rise(window, user, score)
      return score
    end,
    best = function(window, user, amount, sign)
      local score = sign .. amount
      if call('ZADD', window.scores, 'GT', 'CH', score, user) == 0 then return call('ZSCORE', window.scores, user) end
      heads.rise(window, user, score)
      return score
    end,
    latest = function(window, user, amount, sign)
      heads.put(window, user, sign .. amount)
      return sign .. amount
    end
  }

  -- Where nobody looks: no head.
  local write_hidden = {
    increment = function(hidden, user, amount, sign) call('ZINCRBY', hidden, sign .. amount, user) end,
    best = function(hidden, user, amount, sign) call('ZADD', hidden, 'GT', sign .. amount, user) end,
    latest = function(hidden, user, amount, sign) call('ZADD', hidden, sign .. amount, user) end
  }

  return {write = write, write_hidden = write_hidden}
end)()
