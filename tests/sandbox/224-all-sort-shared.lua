-- [contained] two branches sort, empty and fill the same table through effects in the comparator
local t = {}
for i = 1, 60 do t[i] = (i * 37) % 61 end
local function sort() pcall(table.sort, t, function(a, b) sleep(0) t[#t] = nil return a < b end) end
local function fill() for i = 1, 40 do t[#t + 1] = i sleep(0) table.remove(t, 1) end end
flow.all { sort, fill, sort, function() pcall(table.concat, t, ',') t = {} collectgarbage() end }
