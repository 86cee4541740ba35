-- [kill] many coroutines that each stop in time, together too long
local function part() local t = os.clock() for i = 1, 20000 do t = t + i end return t end
while true do
  local c = coroutine.create(function() for i = 1, 3 do part() coroutine.yield() end end)
  while coroutine.resume(c) do end
end
