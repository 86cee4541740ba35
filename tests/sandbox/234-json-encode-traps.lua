-- [ok] no metamethod runs while JSON is written; the mark of lists is attacked
local function trap() log('ESCAPED') return nil end
local traps = { __index = trap, __len = trap, __pairs = trap, __call = trap, __tostring = trap, __name = 'ESCAPED', __mode = 'k' }
assert(json.encode(setmetatable({ a = setmetatable({ 1 }, traps) }, traps)) == '{"a":[1]}')
local mark = getmetatable(json.array {})
for name, value in pairs(traps) do mark[name] = value end
mark.__newindex = trap
json.encode(json.array { 1, json.array {} })
json.encode(json.decode('[[],{}]'))
local list = json.array {}
rawset(list, 1, list)
assert(not pcall(json.encode, list))
return 'SAFE' 
