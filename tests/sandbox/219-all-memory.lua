-- [kill] 64 branches share one memory budget
local all = {}
for i = 1, 64 do
  all[i] = function()
    local t = {}
    for j = 1, 1e9 do t[j] = ('x'):rep(20000) .. j if j % 8 == 0 then sleep(0) end end
  end
end
flow.all(all)
