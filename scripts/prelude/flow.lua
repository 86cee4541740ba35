-- flow.try and flow.retry: what to do about an effect that failed.

local pcall, error, type, tonumber, tostring = pcall, error, type, tonumber, tostring
local pack, unpack, min = table.pack, table.unpack, math.min

local function result_or_error(ok, ...)
  if ok then return ... end
  return nil, (...)
end

--- Call f(...); return its results, or nil and the error.
function flow.try(f, ...)
  return result_or_error(pcall(f, ...))
end

local function seconds_of(name, duration)
  if type(duration) == "number" then return duration end
  local number, unit = tostring(duration):match("^(%d+)(%a+)$")
  local factor = ({ ms = 0.001, s = 1, min = 60, h = 3600 })[unit]
  if not factor then error("flow.retry: " .. name .. " must be seconds or a text like \"2s\"", 3) end
  return tonumber(number) * factor
end

--- flow.retry { times = 3, backoff = "1s", longest = "5s" } (f, ...): call f again while its error says that repeating may
--- help. The pause doubles each time, up to `longest`. An error of the script itself is raised at once.
function flow.retry(options)
  local times = options and options.times or 3
  local pause = seconds_of("backoff", options and options.backoff or 1)
  local longest = seconds_of("longest", options and options.longest or 30 * 86400)
  return function(f, ...)
    for attempt = 1, times do
      local results = pack(pcall(f, ...))
      if results[1] then return unpack(results, 2, results.n) end
      local err = results[2]
      if attempt >= times or type(err) ~= "table" or not err.retryable then error(err, 0) end
      flow.sleep(min(pause, longest))
      pause = min(pause * 2, longest)
    end
  end
end
