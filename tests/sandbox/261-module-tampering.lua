-- [ok] modules: unknown fields, metatables, the functions of actions moved about
for _, module in ipairs { json, log, flow, time, nimbus, nimbus.tasks, lists, http, kv } do
  assert(getmetatable(module) == false and not pcall(setmetatable, module, nil))
  assert(not pcall(function() return module.nope end) and module[1] == nil)
end
local sleeper = flow.sleep
flow.sleep, lists.find = lists.find, nil
sleeper(0)
assert(select('#', coroutine.wrap(sleeper)(0)) <= 1)
assert(not pcall(nimbus.on_task, { name = 'late', services = '*', events = 'x', run = print }))
flow.nope = 1
assert(flow.nope == 1)
return 'SAFE' 
