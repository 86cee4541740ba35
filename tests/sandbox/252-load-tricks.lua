-- [ok] load: modes, names, environments, precompiled code in pieces
for _, name in ipairs { 'debug', 'io', 'package', 'require', 'dofile', 'loadfile', 'warn' } do
  assert(load('return ' .. name)() == nil)
end
local i, code = 0, { '\27', 'Lua', 'T\0\x19\x93\r\n\x1a\n' }
assert(not load(function() i = i + 1 return code[i] end, 'x', 'b') and not load('\27Lua', 'x', 'bt', {}))
assert(not load('return 1', 'x', 'b', {}) or true)
local env = setmetatable({}, { __index = function(_, k) return k end })
assert(load('return anything', '=[C]', 't', env)() == 'anything')
assert(load('_ENV = nil return 1', '@../../etc/passwd')() == 1)
assert(not pcall(load('x = 1', ('n'):rep(1e5), 't', nil) or error))
local f = load('local a <const> = 1; return function() return a, _ENV end')
local a, e = f()()
assert(a == 1 and e == _G)
assert(string.dump == nil or rawget(string, 'dump') == nil)
return 'SAFE' 
