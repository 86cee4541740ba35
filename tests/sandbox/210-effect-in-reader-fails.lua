-- [ok] a reader for load that makes effects, then fails, then gives a table
local n = 0
local f, e = load(function()
  n = n + 1
  sleep(0)
  if n == 3 then error('reader', 0) end
  return n == 1 and 'return ' or '1 + '
end)
assert(f == nil and e == 'reader')
assert(not load(function() sleep(0) return {} end))
local inner = load(function() sleep(0) return nil end)
assert(inner and inner() == nil)
return 'SAFE' 
