-- Counts the processes that were here lately, this one among them.
--
-- KEYS: a sorted set of processes, by when each was last here, in milliseconds since 1970 by this server's clock.
-- ARGV: this process; for how many milliseconds one counts after it was here.
-- Returns: how many there are.

local key, process, counts_for = KEYS[1], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZADD', key, now, process)
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - counts_for)
-- From before the clock was set back.
redis.call('ZREMRANGEBYSCORE', key, now + counts_for, '+inf')
redis.call('PEXPIRE', key, counts_for)
return redis.call('ZCARD', key)
