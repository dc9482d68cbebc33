-- bans: who may not score, or scores without anybody noticing.
local bans = (function()
  -- Of a ban's JSON, nil or false for none: '' for a user who may score, 'hidden' for one whom nobody else is to notice, else
  -- 'banned', or 'ban_over' for a ban that has ended and is to be lifted.
  local function ban_state(ban, now_ms)
    if not ban then return '' end
    ban = cjson.decode(ban)
    if ban.until_ms and ban.until_ms <= now_ms then return 'ban_over' end
    return ban.shadow and 'hidden' or 'banned'
  end

  return {ban_state = ban_state}
end)()
