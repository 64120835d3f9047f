-- Decides on all policies of one key at once, by the generic cell rate algorithm (ITU-T I.371, annex A).
--
-- KEYS: one for each policy. Its value is the theoretical arrival time (TAT) by this server's clock: seconds since 1970, and nine
--   digits of nanoseconds. It expires when nothing is owed any more. A value of another form counts as nothing owed and is
--   overwritten, as a key that nobody could pay off would stay refused for ever.
-- ARGV: mode, cells, most cells; then for each policy its interval and its tolerance. With `refund`, then for each policy what time
--   has paid off already of what is taken back.
-- Returns: cells granted; then for each policy after what time it would allow what was asked, 0 if it does, and after what time
--   nothing is owed.
--
-- Times are in nanoseconds. Microseconds would fit the server's clock, but neither 3 nor 30,000 requests a second have an interval
-- of whole microseconds. A number is a double here, exact below 2^53. Nanoseconds since 1970 are more, so seconds and nanoseconds
-- are kept apart, and only what lies ahead of now is calculated with: it is exact for debts of up to 104 days, and to half a
-- microsecond for those of 100 years, the longest there are.

local LONGEST = 36525 * 86400 * 1e9
local call, try, number = redis.call, redis.pcall, tonumber
local sub, format = string.sub, string.format
local max, min = math.max, math.min

local keys, arguments = KEYS, ARGV
local mode, cells, count = arguments[1], number(arguments[2]), #keys
local time = call('TIME')
local seconds, nanos = number(time[1]), time[2] * 1000

local answer, intervals = {}, {}
local granted, free = cells, LONGEST
for at = 1, count do
  local value = try('GET', keys[at])
  local debt = 0
  if value and not value.err then
    local whole, rest = number(sub(value, 1, -10)), number(sub(value, -9))
    local ahead = whole and rest and (whole - seconds) * 1e9 + (rest - nanos)
    -- Not so for what is no number either.
    if ahead and ahead > 0 and ahead <= LONGEST then
      debt = ahead
    end
  elseif value and not string.find(value.err, 'WRONGTYPE', 1, true) then
    return value
  end
  local interval, tolerance = number(arguments[2 + 2 * at]), number(arguments[3 + 2 * at])
  local price = cells * interval
  local retry = debt + price - max(tolerance, price)
  if retry <= 0 or mode == 'refund' then
    retry = 0
  elseif mode ~= 'charge' then
    granted = 0
  end
  free = min(free, (tolerance - debt) / interval)
  answer[2 * at], answer[1 + 2 * at], intervals[at] = retry, debt, interval
end
if mode == 'lease' and granted > 0 then
  -- Of what is left no more than half, so that the last of it is not in one process's hands.
  granted = max(cells, min(number(arguments[3]), math.floor(free / 2)))
end

for at = 1, count do
  local before = answer[1 + 2 * at]
  local after = before
  if mode == 'refund' then
    after = max(0, before - (cells * intervals[at] - arguments[3 + 2 * count + at]))
  elseif mode ~= 'peek' then
    after = min(before + granted * intervals[at], LONGEST)
  end
  if after > 0 and after ~= before then
    local whole = nanos + after
    local rest = math.fmod(whole, 1e9)
    local tat = format('%d%09d', seconds + (whole - rest) / 1e9, rest)
    -- The server's milliseconds begin before now.
    call('SET', keys[at], tat, 'PX', format('%d', math.ceil((nanos % 1e6 + after) / 1e6)))
  elseif after ~= before then
    call('DEL', keys[at])
  end
  answer[1 + 2 * at] = after
end
answer[1] = granted
return answer
