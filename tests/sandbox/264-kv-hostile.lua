-- [ok] what a flow remembers: hostile keys and values
local cyclic = {} cyclic.x = cyclic
for _, v in ipairs { cyclic, print, 0 / 0, { [true] = 1 }, ('x'):rep(2 << 20) } do assert(not pcall(kv.set, 'k', v)) end
assert(not pcall(kv.get, ('k'):rep(2 << 20)) and not pcall(kv.get, print))
kv.set('\0\xff', { '\xff' }, { ttl = '1s' })
assert(kv.get('nothing') == nil)
for i = 1, 50 do kv.set('k' .. i, i) kv.remove('k' .. i) end
return 'SAFE' 
