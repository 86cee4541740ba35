-- [ok] an effect in a gsub callback in a sort comparator in a metamethod
local t = { 'b2', 'c3', 'a1' }
local mt = { __index = function(_, k)
  table.sort(t, function(a, b)
    return a:gsub('%d', function(d) sleep(0) return d end) < b
  end)
  return t[k]
end }
assert(setmetatable({}, mt)[1] == 'a1' and t[3] == 'c3')
return 'SAFE' 
