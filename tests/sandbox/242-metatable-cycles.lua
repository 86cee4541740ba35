-- [kill] metatables that are their own: chains of __index and __newindex without end, a table that is its own __call
local m = {} m.__index, m.__newindex, m.__call, m.__metatable = m, m, m, nil
setmetatable(m, m)
assert(not pcall(function() return m.missing end) and not pcall(function() m.missing = 1 end))
local a, b = {}, {}
setmetatable(a, { __index = b, __mode = 'kv' }) setmetatable(b, { __index = a })
assert(not pcall(function() return a.x end))
a.x = 1
assert(b.x == 1)
pcall(m)
