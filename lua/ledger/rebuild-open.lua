#!lua
-- rebuild-open: opens a board for writes again that was closed to be made anew from the ledger.
--
-- KEYS[1] meta       hash    its field revision is 'closed' while no write counts
-- KEYS[2] rules      hash    the rules' revision, which opens the board
-- KEYS[3] rebuilder  string  who has closed it, gone when that one is
-- ARGV[1] id         of who has closed it and gives it up, '' for anybody
--
-- Returns 'open', or 'closed' while somebody else is at it.

local meta, rules, rebuilder = KEYS[1], KEYS[2], KEYS[3]
local id = ARGV[1]
local call = redis.call

if call('HGET', meta, 'revision') ~= 'closed' then return 'open' end
local owner = call('GET', rebuilder)
if owner and owner ~= id then return 'closed' end
local revision = call('HGET', rules, 'revision')
if revision then call('HSET', meta, 'revision', revision) else call('HDEL', meta, 'revision') end
call('DEL', rebuilder)
return 'open'
