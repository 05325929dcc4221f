-- Posts prepared batches of JSON events in turn; each thread begins at a place of its own. Argument: events in each.

local threads = 0
local BODIES = 400
-- 2026-01-01T00:00:00Z in base 36.
local TIME = "mjuohs00"

function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
end

local requests = {}
local at = 0

local function event(body, nth)
   local visitor = body * 16 + math.floor(nth / 4)
   return string.format(
      '{"party_id":"0:%s:visitor-%d","session_id":"0:%s:session-%d","event_id":"order-%d-%d","is_new_party":false,' ..
      '"is_new_session":false,"client_timestamp_iso":"2026-01-01T12:00:%02dZ","event_type":"addToBasket",' ..
      '"parameters":{"sku":"sku-%d","count":%d}}', TIME, visitor, TIME, visitor, body, nth, nth % 60, nth, nth % 9)
end

function init(args)
   local events = tonumber(args[1])
   for body = 1, BODIES do
      local list = {}
      for nth = 1, events do
         list[nth] = event(body + number * BODIES, nth)
      end
      local text = "[" .. table.concat(list, ",") .. "]"
      requests[body] = "POST /batch HTTP/1.1\r\nHost: collector.example.com\r\nUser-Agent: backend/1.0\r\n" ..
         "Content-Type: application/json\r\nContent-Length: " .. #text .. "\r\n\r\n" .. text
   end
end

function request()
   at = at % BODIES + 1
   return requests[at]
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      "RESULT requests=%d microseconds=%d failed=%d status=%d p50=%d p99=%d max=%d\n",
      summary.requests, summary.duration, errors.connect + errors.read + errors.write + errors.timeout, errors.status,
      latency:percentile(50), latency:percentile(99), latency.max))
end
