-- Takes the lock of a flight, or says for how many milliseconds another has it yet.
--
-- KEYS: the lock. ARGV: a token of 16 characters, milliseconds.
-- Returns: 0 if the lock is taken now, otherwise how long to wait at most.

local held = redis.call('GET', KEYS[1])
if not held then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 0
end
-- Whoever lands tells others only if somebody waits for it.
if #held == 16 then
  redis.call('APPEND', KEYS[1], 'w')
end
return math.max(1, redis.call('PTTL', KEYS[1]))
