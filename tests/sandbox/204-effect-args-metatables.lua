-- [ok] arguments full of traps: they are read raw, no metamethod runs
local function trap() log('ESCAPED') return 'ESCAPED' end
local traps = { __index = trap, __newindex = trap, __len = trap, __pairs = trap, __call = trap, __tostring = trap, __name = 'ESCAPED',
  __eq = trap, __lt = trap, __concat = trap, __close = trap, __metatable = 'x' }
local back = http.get(setmetatable({ url = setmetatable({ 'a', 'b' }, traps), headers = setmetatable({}, traps) }, traps))
assert(back.url[2] == 'b')
return 'SAFE' 
