-- [contained] a result that is a proxy with traps and a lying length
local function trap() log('ESCAPED') return 'ESCAPED' end
return setmetatable({ a = setmetatable({}, { __len = function() return 1 << 40 end, __index = trap }) },
  { __index = trap, __pairs = trap, __tostring = trap, __len = trap, __close = trap, __gcx = trap })
