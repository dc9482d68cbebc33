#!lua
-- archive-dead-letter: moves an entry that cannot be archived to the dead letters, once.
--
-- KEYS[1] ledger  stream  one entry for each thing that happened
-- KEYS[2] dead    stream  entries as they were, with `entry`, their id, and `why` before their own fields
-- ARGV[1] group   the group that the entry was delivered to
-- ARGV[2] id      of the entry
-- ARGV[3] why     in words
--
-- Returns 'dead_lettered', or 'gone' where the entry had been acknowledged before.

local ledger, dead = KEYS[1], KEYS[2]
local group, id, why = ARGV[1], ARGV[2], ARGV[3]

if redis.call('XACK', ledger, group, id) == 0 then return 'gone' end
local entry = redis.call('XRANGE', ledger, id, id)[1]
redis.call('XADD', dead, '*', 'entry', id, 'why', why, unpack(entry and entry[2] or {}))
return 'dead_lettered'
