-- [kill] every kind of protection around every budget
local function burn() while true do log(('x'):rep(100)) end end
local ways = { function(f) pcall(f) end, function(f) xpcall(f, f) end, function(f) coroutine.wrap(f)() end, flow.try,
  function(f) coroutine.close(coroutine.create(f)) f() end, function(f) flow.retry { times = 5, backoff = 0 } (f) end,
  function(f) local x <close> = setmetatable({}, { __close = f }) end, function(f) for _ in f do end end }
for _, way in ipairs(ways) do pcall(way, burn) log('ESCAPED') end
