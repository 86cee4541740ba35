-- [kill] loops of goto, tail calls and mutual recursion through coroutines
local f, g
function f(n) return g(n + 1) end
function g(n) if n % 1000 == 0 then local c = coroutine.wrap(function() coroutine.yield() end) c() end return f(n) end
local c = coroutine.wrap(function() ::top:: pcall(function() do goto out end ::out:: end) coroutine.yield() goto top end)
for i = 1, 1000 do c() end
return f(1)
