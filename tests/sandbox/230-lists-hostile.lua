-- [ok] look-ups with hostile values, and a row whose metatable is attacked
local cyclic = {} cyclic[1] = cyclic
for _, value in ipairs { 0 / 0, 1 / 0, cyclic, print, ('x'):rep(2 << 20) } do assert(not pcall(lists.find, 'a', 'b', value)) end
for _, value in ipairs { '', '\0', ('9'):rep(1000), math.mininteger, true, { {} } } do lists.find('a', 'b', value) end
local row, matches = lists.find('a', 'b', 'c')
assert(row.FirstName == 'Hans' and matches == 2 and getmetatable(row) == false)
assert(not pcall(setmetatable, row, {}) and not pcall(function() return row.Nope end))
assert(row.Empty == nil and rawget(row, 'Nope') == nil and row[{}] == nil)
rawset(row, 'Nope', 1)
assert(row.Nope == 1 and not pcall(function() return row[('x'):rep(1 << 20)] end))
return 'SAFE' 
