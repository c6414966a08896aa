-- Counts a request: KEYS[1] the subject, ARGV the bucket, the limit and the moment in microseconds.
-- It reckons as crates/kit/src/limits/gcra.rs does; every figure is a whole number below 2^53.
local bucket, asked, now = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local window, lowest = 60000000, 4

local full, halved, since, refused = 0, 0, 0, 0
local known = redis.call('HGET', KEYS[1], bucket)
if known then
  local a, b, c, d = string.match(known, '^(%-?%d+) (%d+) (%-?%d+) (%-?%d+)$')
  full, halved, since, refused = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
end

local function pace()
  local limit = math.max(math.floor(asked / 2 ^ halved), math.floor((asked + 9) / 10))
  limit = math.min(math.max(limit, 1), window)
  local interval = math.floor(window / limit)
  return limit, interval, interval * limit
end

local steps = math.min(math.max(math.floor((now - refused) / window), 0), halved)
halved, refused = halved - steps, refused + steps * window

local verdict
local limit, interval, capacity = pace()
local debt = math.max(full, now) + interval - now
if debt <= capacity then
  full = now + debt
  verdict = { 1, limit, math.floor((capacity - debt) / interval), debt, 0 }
else
  if halved == 0 or now - since >= window then
    halved, since = math.min(halved + 1, lowest), now
  end
  refused = now
  limit, interval, capacity = pace()
  local reset = math.max(full - now, 0)
  verdict = { 0, limit, 0, reset, math.max(reset + interval - capacity, 0) }
end

redis.call('HSET', KEYS[1], bucket, string.format('%.0f %.0f %.0f %.0f', full, halved, since, refused))
-- what has not been used for so long is as good as new
redis.call('PEXPIRE', KEYS[1], 360000)
return verdict
