-- [ok] os: extreme dates, every conversion, metatables; nothing of the machine
for b = 0, 255 do pcall(os.date, '%' .. string.char(b)) pcall(os.date, '%E' .. string.char(b)) end
assert(#os.date(('%c'):rep(50), 99999999999) > 500 and not pcall(os.date, ('%c'):rep(51)))
for _, t in ipairs { math.maxinteger, math.mininteger, 1e300, 0 / 0, -1e11 } do assert(not pcall(os.date, '%c', t)) end
os.date('*t', -99999999999) os.date('!*t', 999999999999)
local function trap() log('ESCAPED') return 1 end
assert(not pcall(os.time, setmetatable({}, { __index = trap })))
for _, x in ipairs { math.maxinteger, math.mininteger, 1.5, 'x', {} } do
  assert(not pcall(os.time, { year = x, month = 1, day = 1 }) and not pcall(os.time, { year = 1, month = x, day = 1 }))
end
os.time { year = 1e9 // 1 | 0, month = -1e9 // 1 | 0, day = 1e9 // 1 | 0, hour = -1e9 // 1 | 0 }
for _, name in ipairs { 'execute', 'exit', 'getenv', 'remove', 'rename', 'setlocale', 'tmpname' } do assert(rawget(os, name) == nil) end
assert(os.time() == os.time() and os.clock() == os.clock())
return 'SAFE' 
