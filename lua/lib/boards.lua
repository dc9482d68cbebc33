-- boards: what every script that writes begins and ends with: the time, the board's state, its ledger, and the word
-- to those who watch.
local boards = (function()
  local call, number, text = redis.call, tonumber, string.format

  local function integer_text(n) return text('%.0f', n) end

  -- The state of a board by its meta hash, at Redis' own time. `sequence` and `changed` are for its heads to write.
  local function open(meta)
    local clock = call('TIME')
    local now_us = clock[1] * 1000000 + clock[2]
    local stored = call('HMGET', meta, 'epoch', 'version', 'sequence', 'revision')
    return {
      meta = meta, now_us = now_us, now_ms = math.floor(now_us / 1000),
      epoch = stored[1], version = number(stored[2] or 0), sequence = number(stored[3] or 0), revision = stored[4], changed = false
    }
  end

  -- The time of an entry decides its windows when a board is made anew from the ledger. A clock set back is put up
  -- with.
  local function log(board, ledger, ...)
    local entry = redis.pcall('XADD', ledger, integer_text(board.now_ms) .. '-*', ...)
    if type(entry) == 'table' then call('XADD', ledger, '*', ...) end
  end

  -- Whether a ledger holds as much as it may and something reads it in a group: nothing of it may be dropped before
  -- it has.
  local function is_full(ledger, more, most)
    local length = call('XLEN', ledger)
    return length > 0 and length + more > most and #call('XINFO', 'GROUPS', ledger) > 0
  end

  -- Drops the oldest entries of a ledger that nothing reads in a group; one with an archiver is trimmed by it.
  local function trim(ledger, most)
    if call('XLEN', ledger) > most and #call('XINFO', 'GROUPS', ledger) == 0 then call('XTRIM', ledger, 'MAXLEN', '~', most) end
  end

  -- When a head has changed: the next version, and a hint where none is fresh.
  local function publish(board, gate, gate_ms, channel)
    if not board.changed then return end
    local version = integer_text(board.version + 1)
    call('HSET', board.meta, 'epoch', board.epoch or text('%x', board.now_us), 'version', version, 'sequence', integer_text(board.sequence))
    if call('SET', gate, 1, 'PX', gate_ms, 'NX') then call('PUBLISH', channel, version) end
  end

  return {open = open, log = log, is_full = is_full, trim = trim, publish = publish, integer_text = integer_text}
end)()
