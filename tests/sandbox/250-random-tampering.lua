-- [ok] math.random: bad ranges, no seed from the machine, its state is not reachable
assert(not pcall(math.randomseed))
assert(not pcall(math.randomseed, {}))
math.randomseed(42)
local a = math.random(1 << 40)
math.randomseed(42)
assert(math.random(1 << 40) == a)
assert(not pcall(math.random, 2, 1) and not pcall(math.random, 1, 2, 3))
for i = 1, 100 do local x = math.random(math.mininteger, math.maxinteger) assert(math.type(x) == 'integer') end
math.random(0) math.random(1, 1) assert(not pcall(math.randomseed, 1.5))
math.random, math.randomseed = nil, nil
math = nil
return 'SAFE' 
