-- [kill] values that are to be closed when a budget ends the run: nothing of the script runs any more
local function value() return setmetatable({}, { __close = function() log('ESCAPED') flow.sleep(0) end }) end
local a <close> = value()
for _ in coroutine.wrap(function() local b <close> = value() while true do pcall(function() local c <close> = value() while true do end end) end end) do end
