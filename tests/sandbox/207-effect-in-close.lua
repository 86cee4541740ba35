-- [ok] effects in __close, also while an error unwinds and raises another one
local order = {}
local function closer(name, fails)
  return setmetatable({}, { __close = function(_, e)
    sleep(1)
    order[#order + 1] = name .. tostring(e)
    if fails then error('second', 0) end
  end })
end
local ok, e = pcall(function()
  local a <close> = closer('a')
  local b <close> = closer('b', true)
  error('first', 0)
end)
assert(not ok and e == 'second' and order[1] == 'bfirst' and order[2] == 'asecond')
return 'SAFE' 
