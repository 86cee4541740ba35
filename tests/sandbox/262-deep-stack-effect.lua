-- [contained] effects at the bottom of 190 C calls: sort, gsub, pcall and metamethods in turn
local function deep(n)
  if n == 0 then sleep(1) return 'x' end
  if n % 3 == 0 then local t = { 2, 1 } table.sort(t, function(a, b) deep(n - 1) return a < b end) return 'x' end
  if n % 3 == 1 then return (('x'):gsub('x', function() return deep(n - 1) end)) end
  return setmetatable({}, { __index = function() return deep(n - 1) end }).y
end
for _, n in ipairs { 6, 12 } do deep(n) end
pcall(deep, 120)
