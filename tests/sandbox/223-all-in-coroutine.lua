-- [ok] flow.all inside a coroutine inside pcall; the coroutine is yielded and closed around it
local co = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = function() sleep(0) end })
  while true do
    coroutine.yield((flow.all { function() sleep(1) return 1 end, function() return 2 end }))
  end
end)
for i = 1, 3 do assert(select(2, coroutine.resume(co)) == 1) end
assert(coroutine.close(co))
return 'SAFE' 
