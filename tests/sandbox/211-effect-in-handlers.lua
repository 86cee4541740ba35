-- [ok] effects in xpcall handlers, nested ones too
local _, e = xpcall(error, function(e)
  sleep(1)
  local _, inner = xpcall(error, function(x) sleep(1) return 'in ' .. x end, e)
  return inner
end, 'x')
assert(e == 'in x')
return 'SAFE' 
