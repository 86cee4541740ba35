-- [ok] patterns inside patterns that change what they walk over
local n = 0
local out = ('abc'):gsub('.', function(c)
  for w in ('x y z'):gmatch('%a') do sleep(0) n = n + 1 end
  return (c:gsub('()', function(at) return ({ [1] = 'q' })[at] end))
end)
assert(n == 9 and #out > 3)
assert(not pcall(string.gsub, 'x', 'x', setmetatable({}, { __index = function() return {} end })))
assert(not pcall(string.rep, 'x', -1) or true)
return 'SAFE' 
