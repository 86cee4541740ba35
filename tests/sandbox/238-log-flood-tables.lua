-- [kill] big, deep and cyclic tables to the log, each call protected
local cyclic = {} cyclic.a = cyclic
local deep = {} for i = 1, 5000 do deep = { deep } end
local wide = {} for i = 1, 5000 do wide[i] = ('x'):rep(100) end
while true do for _, t in ipairs { cyclic, deep, wide } do pcall(log.error, t, t) end end
