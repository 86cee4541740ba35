-- [kill] comparators that lie, fail and change the table, without end
local n = 0
while true do
  local t = {}
  for i = 1, 2000 do t[i] = i * 7919 % 1009 end
  pcall(table.sort, t, function(a, b) n = n + 1 return n % 3 ~= 0 end)
  pcall(table.sort, t, function(a, b) n = n + 1 if n % 500 == 0 then t[n % 2000 + 1] = nil end return a < b end)
end
