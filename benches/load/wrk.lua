-- Sends the prepared requests in turn; each thread begins at a place of its own.
-- Arguments: file of targets, file of heads, and, where the load is to be paced, milliseconds before each request.

local threads = 0

function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
end

local requests = {}
local count = 0
local at = 0

function init(args)
   local pause = tonumber(args[3] or 0)
   -- wrk looks for this function after init; where it is missing, nothing is paced.
   if pause > 0 then
      function delay() return pause end
   end
   local heads = {}
   for line in io.lines(args[2]) do
      heads[#heads + 1] = line:gsub("|", "\r\n")
   end
   for line in io.lines(args[1]) do
      local target, head = line:match("^(%S+)\t(%d+)$")
      count = count + 1
      requests[count] = "GET " .. target .. " HTTP/1.1\r\n" .. heads[tonumber(head)] .. "\r\n"
   end
   -- Two threads: the second begins in the middle, so that they do not send the same.
   at = number * math.floor(count / 2)
end

function request()
   at = at % count + 1
   return requests[at]
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      "RESULT requests=%d microseconds=%d failed=%d status=%d p50=%d p99=%d max=%d\n",
      summary.requests, summary.duration, errors.connect + errors.read + errors.write + errors.timeout, errors.status,
      latency:percentile(50), latency:percentile(99), latency.max))
end
