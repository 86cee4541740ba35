-- [ok] effects in coroutine.wrap iterators, generic for, closing values of a for loop
local sum = 0
for i in coroutine.wrap(function() for i = 1, 3 do sleep(1) coroutine.yield(i) end end) do sum = sum + i end
local closed = false
local function next_one(_, i) sleep(0) if i < 3 then return i + 1 end end
for i in next_one, nil, 0, setmetatable({}, { __close = function() sleep(0) closed = true end }) do sum = sum + i end
assert(sum == 12 and closed)
return 'SAFE' 
