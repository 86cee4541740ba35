-- [ok] keys and values that JSON does not have, and wrong numbers of arguments
local odd = { { [true] = 1 }, { [1.5] = 1 }, { [-1] = 1 }, { url = { 1, nil, 3 } }, { url = { a = 1, 2 } }, { url = print },
  { url = coroutine.create(print) }, { [print] = 1 }, { url = { [1 << 40] = 1 } } }
for _, args in ipairs(odd) do assert(not pcall(http.get, args)) end
assert(not pcall(http.get, { ['a\0b'] = 1 }) and not pcall(json.encode, { { ['\0'] = 1 } }))
assert(not pcall(http.get, 1, 2, 3))
assert(not pcall(http.get, table.unpack({}, 1, 100000)))
assert(not pcall(nimbus.tasks.update, 1, 2))
return 'SAFE' 
