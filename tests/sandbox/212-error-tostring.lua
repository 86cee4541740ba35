-- [error] an error object whose __tostring loops: nobody calls it
local function trap() log('ESCAPED') while true do end end
error(setmetatable({}, { __tostring = trap, __index = trap, __name = 'ESCAPED', __len = trap, __pairs = trap, __close = trap }))
