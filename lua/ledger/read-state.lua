#!lua flags=no-writes
-- read-state: all that a board holds of some users, and how far its ledger was at that moment.
--
-- KEYS[1] ledger   stream  one entry for each thing that happened
-- KEYS[2] banned   hash    user -> JSON of the ban
-- KEYS[3] current  hash    user -> the segments that the user is in, as name:value, one a line
-- KEYS[4] former   hash    user -> those the user has left, likewise
-- KEYS[5] names    hash    user -> username
-- KEYS[6..] for each window:
--         scores   zset    user -> score; of a segment likewise, with ':' and name:value behind
--         hidden    zset    user -> score of those who are banned; of a segment likewise, who is in it
-- ARGV[1] users    JSON: for each [user, name:value of segments to look at beside those that the user is known to
--                  have been in]
--
-- Returns {{id}, {ban, current, former, name, place, segment, score, ...}, ...}: the id of the ledger's last entry,
-- and of each user, '' for what there is not, and each place where the user has a score, as it is stored: the number
-- of its key above, and the segment, '' for the whole window.

--#include "segments"
--#include "streams"
local call = redis.call
local ledger, banned, current, former, names = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local users = cjson.decode(ARGV[1])

local places = {}
for k = 6, #KEYS do places[#places + 1] = KEYS[k] end

local function state_of(user, more)
  local segment_list = segments.ever(current, former, user)
  for _, segment in ipairs(more) do segment_list[#segment_list + 1] = segment end
  local state = {call('HGET', banned, user) or '', call('HGET', current, user) or '', call('HGET', former, user) or '', call('HGET', names, user) or ''}
  local function add(place, segment, score)
    local n = #state
    state[n + 1], state[n + 2], state[n + 3] = tostring(place), segment, score
  end
  for place, key in ipairs(places) do
    local score = call('ZSCORE', key, user)
    if score then add(place, '', score) end
    local seen = {}
    for _, segment in ipairs(segment_list) do
      local score = not seen[segment] and call('ZSCORE', segments.key_of(key, segment), user)
      if score then add(place, segment, score) end
      seen[segment] = true
    end
  end
  return state
end

local answer = {{streams.last_id(ledger)}}
for _, user in ipairs(users) do answer[#answer + 1] = state_of(user[1], user[2]) end
return answer
