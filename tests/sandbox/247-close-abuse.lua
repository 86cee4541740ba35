-- [contained] coroutine.close and wrap inside the closing values of each other
local function nest(n)
  return coroutine.wrap(function()
    local x <close> = setmetatable({}, { __close = function() if n > 0 then local c = nest(n - 1) c() error(n) end end })
    coroutine.yield()
    error('x')
  end)
end
for i = 1, 50 do
  local c = nest(i)
  pcall(c) pcall(c) pcall(c)
  local co = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function() pcall(coroutine.close, coroutine.running()) coroutine.yield() end })
    coroutine.yield()
  end)
  coroutine.resume(co)
  pcall(coroutine.close, co)
  pcall(coroutine.close, co)
  coroutine.resume(co)
end
