-- Takes tokens of all buckets, or of none. Debts are taken in any case.
--
-- KEYS: the buckets. ARGV, for each bucket: the number of the rate, its time in milliseconds, the debt, the tokens.
-- Returns the milliseconds until all buckets have the tokens. 0 says that they were taken.
--
-- A bucket is "TAKEN AT": the parts of tokens that are missing, and when in milliseconds. See bucket.rs, which does the
-- same arithmetic.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local buckets, wait = {}, 0
for index, key in ipairs(KEYS) do
  local first = 4 * index - 3
  local number, token = tonumber(ARGV[first]), tonumber(ARGV[first + 1])
  local debt = math.min(tonumber(ARGV[first + 2]), number) * token
  local tokens = math.min(tonumber(ARGV[first + 3]), number) * token
  local capacity = number * token
  local taken, at = string.match(redis.call('GET', key) or '', '^(%d+) (%d+)$')
  taken, at = tonumber(taken) or 0, tonumber(at) or now
  taken = math.max(0, taken - math.max(0, now - at) * number)
  taken = math.min(capacity, taken + debt)
  wait = math.max(wait, math.ceil((taken + tokens - capacity) / number))
  buckets[index] = { key = key, number = number, debt = debt, tokens = tokens, taken = taken, at = math.max(at, now) }
end
for _, bucket in ipairs(buckets) do
  local tokens = wait == 0 and bucket.tokens or 0
  -- A bucket of which nothing is taken stays as it is: it fills up by itself.
  if tokens + bucket.debt > 0 then
    local taken = bucket.taken + tokens
    local value = string.format('%.0f %.0f', taken, bucket.at)
    redis.call('SET', bucket.key, value, 'PX', string.format('%.0f', bucket.at - now + math.ceil(taken / bucket.number)))
  end
end
return wait
