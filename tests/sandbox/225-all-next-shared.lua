-- [contained] a branch walks a table that another one grows, empties and collects
local t = {}
for i = 1, 50 do t['k' .. i] = {} end
flow.all {
  function() pcall(function() for k in pairs(t) do sleep(0) end end) end,
  function() for i = 1, 400 do t['n' .. i] = i if i % 40 == 0 then sleep(0) end end end,
  function() for k in pairs(t) do t[k] = nil end sleep(0) local g for i = 1, 20000 do g = { i } end end,
}
