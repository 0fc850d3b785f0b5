-- Decides about a triplet: the client's network, the sender and the recipient.
--
-- KEYS: the triplet, the network. ARGV: the delay, the retry window and the expiry in milliseconds, and after how many
-- passes a network is known (0: never).
-- Returns the milliseconds to wait. 0: the triplet passes. -1: it has passed before. -2: the network is known.
--
-- A triplet has the time when it was first seen in milliseconds, or 0 once it has passed. A network has its passes. See
-- decide.rs, which decides the same.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local triplet, network = KEYS[1], KEYS[2]
local delay, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local expiry, known_after = ARGV[3], tonumber(ARGV[4])
local passes = tonumber(redis.call('GET', network)) or 0
if known_after > 0 and passes >= known_after then
  redis.call('PEXPIRE', network, expiry)
  return -2
end
local since = tonumber(redis.call('GET', triplet))
if since == 0 then
  redis.call('PEXPIRE', triplet, expiry)
  return -1
end
-- A time that is still to come is that of a clock that was set back since.
if since and since <= now then
  local waited = now - since
  if waited < delay then
    return delay - waited
  end
  redis.call('SET', triplet, '0', 'PX', expiry)
  redis.call('SET', network, string.format('%.0f', passes + 1), 'PX', expiry)
  return 0
end
redis.call('SET', triplet, string.format('%.0f', now), 'PX', string.format('%.0f', delay + window))
return delay
