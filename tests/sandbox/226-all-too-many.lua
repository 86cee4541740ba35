-- [error] 65 functions, holes and lies about the length
assert(not pcall(flow.all, setmetatable({}, { __len = function() return 1e9 end, __index = function() return print end })) or true)
assert(not pcall(flow.all, { print, nil, 5 }))
assert(not pcall(flow.all, 5))
local many = {}
for i = 1, 65 do many[i] = print end
flow.all(many)
