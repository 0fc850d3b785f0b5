-- Decides about a triplet: the client's network, the sender and the recipient.
--
-- KEYS: the triplet, the network. ARGV: the delay, the retry window and the expiry in milliseconds, after how many passes
-- a network is known (0: never), and how many triplets of a network may wait.
-- Returns the milliseconds to wait. 0: the triplet passes. -1: it has passed before. -2: the network is known.
--
-- A triplet has 0 once it has passed. A network has its passes. Beside it is a set of its triplets that wait, each with
-- the time when it was first seen in milliseconds. See decide.rs, which decides the same.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local triplet, network = KEYS[1], KEYS[2]
local waiting = network .. ':waiting'
local delay, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local expiry, known_after, most = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local passes = tonumber(redis.call('GET', network)) or 0
if known_after > 0 and passes >= known_after then
  redis.call('PEXPIRE', network, expiry)
  return -2
end
if redis.call('GET', triplet) == '0' then
  redis.call('PEXPIRE', triplet, expiry)
  return -1
end
local since = tonumber(redis.call('ZSCORE', waiting, triplet))
-- A time that is still to come is that of a clock that was set back since.
if since and since <= now and now - since < delay + window then
  local waited = now - since
  if waited < delay then
    return delay - waited
  end
  redis.call('ZREM', waiting, triplet)
  redis.call('SET', triplet, '0', 'PX', expiry)
  redis.call('SET', network, string.format('%.0f', passes + 1), 'PX', expiry)
  return 0
end
redis.call('ZREMRANGEBYSCORE', waiting, '-inf', string.format('%.0f', now - delay - window))
-- One client can make as many triplets wait as it likes: its first ones make room.
if not since and redis.call('ZCARD', waiting) >= most then
  redis.call('ZPOPMIN', waiting)
end
redis.call('ZADD', waiting, string.format('%.0f', now), triplet)
redis.call('PEXPIRE', waiting, string.format('%.0f', delay + window))
return delay
