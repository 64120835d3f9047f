-- Numbers purges, logs them, and tells every process of them.
--
-- KEYS: the log (a sorted set: purges by their numbers), and what is known of it (a hash: id, number, floor).
-- ARGV: an id for a log that is made now, how many purges it is to hold, the channel, the sender, the id and the number of the
-- sender's position in a log; then for each purge the number that the sender knows it by, and the purge.
-- Returns: the log's id, and the number of the first of these purges.

local log, about = KEYS[1], KEYS[2]
local id, number = unpack(redis.call('HMGET', about, 'id', 'number'))
-- What ends before that has lost purges: see read.lua. Nobody would know it any more once there are as many new ones.
if not id or (id == ARGV[5] and tonumber(number) < tonumber(ARGV[6])) then
  id = ARGV[1]
  redis.call('DEL', log)
  number = '0'
  redis.call('HSET', about, 'id', id, 'number', number, 'floor', 0)
end

local last = tonumber(number)
if last > 0 and redis.call('EXISTS', log) == 0 then
  -- The server has evicted it.
  redis.call('HSET', about, 'floor', last)
end

number = last
for at = 7, #ARGV, 2 do
  number = number + 1
  redis.call('ZADD', log, number, ARGV[at + 1])
  redis.call('PUBLISH', ARGV[3], string.format('%s %s %s %d ', id, ARGV[4], ARGV[at], number) .. ARGV[at + 1])
end
redis.call('HSET', about, 'number', string.format('%d', number))

local excess = redis.call('ZCARD', log) - tonumber(ARGV[2])
if excess > 0 then
  local newest = redis.call('ZRANGE', log, excess - 1, excess - 1, 'WITHSCORES')
  redis.call('HSET', about, 'floor', newest[2])
  redis.call('ZREMRANGEBYRANK', log, 0, excess - 1)
end
return { id, last + 1 }
