-- What a key holds, and for how many milliseconds it will be kept yet, both of one moment.

local value = redis.call('GET', KEYS[1])
return value and { value, redis.call('PTTL', KEYS[1]) }
