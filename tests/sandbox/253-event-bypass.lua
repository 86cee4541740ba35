-- [ok] the event: rawset, rawget, next, unknown and huge names, its metatable
assert(getmetatable(event) == false and not pcall(setmetatable, event, {}))
assert(not pcall(function() return event.nope end) and rawget(event, 'nope') == nil)
assert(event.TASKID == 't1' and event.serviceUPN == nil and event[{}] == nil and event[1] == nil and event[0.5] == nil)
for k, v in next, event do assert(type(k) == 'string') end
assert(not pcall(function() return event[('x'):rep(1 << 20)] end) and not pcall(function() return event['a\0b'] end))
rawset(event, 'nope', 1)
assert(event.nope == 1 and event.NOPE == 1)
event.taskId = nil
assert(event.taskId == nil)
for i = 1, 300 do event['k' .. i] = i end
assert(event.K300 == 300 and setmetatable({}, { __index = event }).K1 == 1)
assert(not pcall(function() return event.taskInformation.customer.nope end))
assert(event.taskInformation.customContextParameters[1].Name == 'a' and event.tags[2] == nil)
return 'SAFE' 
