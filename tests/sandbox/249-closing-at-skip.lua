-- [contained] the same when flow.skip ends it, inside pcall, a coroutine and flow.try
local function value() return setmetatable({}, { __close = function() log('ESCAPED') end }) end
local a <close> = value()
flow.try(coroutine.wrap(function() local b <close> = value() pcall(flow.skip, 'enough') log('ESCAPED') end))
log('ESCAPED')
