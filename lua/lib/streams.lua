-- streams: what a script asks about a stream.
local streams = {}

-- The id of the last entry that was ever added to a stream; '0-0' for none, and where there is no stream.
function streams.last_id(key)
  if redis.call('EXISTS', key) == 0 then return '0-0' end
  local info = redis.call('XINFO', 'STREAM', key)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
  return '0-0'
end
