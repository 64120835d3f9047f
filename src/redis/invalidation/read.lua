-- What the log of purges holds after a position in it.
--
-- KEYS: as in purge.lua.
-- ARGV: an id for a log that is made now, the id and the number of the position, how many purges at most.
-- Returns: the log's id, its last number, its floor; then each purge and its number.

local log, about = KEYS[1], KEYS[2]
local after = tonumber(ARGV[3])
local id, number, floor = unpack(redis.call('HMGET', about, 'id', 'number', 'floor'))
-- A log that ends before the position has lost what came after, as when a replica that lagged behind is promoted. Its numbers
-- would be given twice; with another id everyone starts anew.
if not id or (id == ARGV[2] and tonumber(number) < after) then
  id, number, floor = ARGV[1], '0', '0'
  redis.call('DEL', log)
  redis.call('HSET', about, 'id', id, 'number', number, 'floor', floor)
end
if id ~= ARGV[2] then
  after = 0
end
if tonumber(number) > 0 and redis.call('EXISTS', log) == 0 then
  -- The server has evicted it.
  floor = number
  redis.call('HSET', about, 'floor', floor)
end

local answer = { id, tonumber(number), tonumber(floor) }
local purges = redis.call('ZRANGEBYSCORE', log, string.format('(%d', after), '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[4])
for _, part in ipairs(purges) do
  answer[#answer + 1] = part
end
return answer
