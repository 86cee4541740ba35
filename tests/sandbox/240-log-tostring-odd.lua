-- [ok] __tostring that recurses, gives no text, fails; __name
local loop = setmetatable({}, {}) getmetatable(loop).__tostring = function(s) return tostring(s) end
for _, bad in ipairs { loop, setmetatable({}, { __tostring = function() return {} end }), setmetatable({}, { __tostring = error }),
  setmetatable({}, { __tostring = 5 }) } do
  assert(not pcall(log, bad) and not pcall(tostring, bad) and not pcall(string.format, '%s', bad))
end
assert(tostring(setmetatable({}, { __name = 'ESCAPED' })) == 'table')
log(setmetatable({}, { __name = 'ESC' .. 'APED?' }), nil, true, print, coroutine.create(print), json.null)
return 'SAFE' 
