-- Gives the lock of a flight back, and tells those who wait for it.
--
-- KEYS: the lock. ARGV: the token it was taken with, the channel, what to publish there.

local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, 16) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  if #held == 16 then
    return
  end
end
-- Also if the lock has run out meanwhile: who waited for it then may wait for the one who has it now.
redis.call('PUBLISH', ARGV[2], ARGV[3])
