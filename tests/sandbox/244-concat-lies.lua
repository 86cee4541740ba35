-- [kill] table.concat, unpack, insert and move over a table that claims to be endless
local t = setmetatable({}, { __index = function() return 'x' end, __len = function() return math.maxinteger - 1 end, __newindex = function() end })
pcall(table.unpack, t)
pcall(table.insert, t, 1, 1)
table.concat(t)
