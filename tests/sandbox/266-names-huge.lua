-- [kill] suggestions for very long and very many wrong names, without end
local t = {}
for i = 1, 300 do rawset(json, 'name' .. i .. ('y'):rep(200), i) end
while true do
  pcall(function() return json[('x'):rep(100000)] end)
  pcall(function() return json['name1' .. ('y'):rep(199)] end)
  pcall(load('return nimbus.taskss'))
end
