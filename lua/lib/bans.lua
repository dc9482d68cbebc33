-- bans: who may not score, or scores without anybody noticing.
local bans = (function()
  -- Of a ban's JSON, nil or false for none: '' for a user who may score, 'hidden' for one whom nobody else is to
  -- notice, else 'banned', or 'ban_over' for a ban that has ended and is to be lifted.
  local function ban_state(ban, now_ms)
    if not ban then return '' end
    ban = cjson.decode(ban)
    if ban.until_ms and ban.until_ms <= now_ms then return 'ban_over' end
    return ban.shadow and 'hidden' or 'banned'
  end

  -- Whether a stored ban, nil or false for none, says the same as one that is given, which has no time yet.
  local function is_same(stored, given)
    if not stored then return false end
    stored, given = cjson.decode(stored), cjson.decode(given)
    given.since_ms = stored.since_ms
    for name, value in pairs(stored) do
      if given[name] ~= value then return false end
    end
    for name in pairs(given) do
      if stored[name] == nil then return false end
    end
    return true
  end

  return {ban_state = ban_state, is_same = is_same}
end)()
