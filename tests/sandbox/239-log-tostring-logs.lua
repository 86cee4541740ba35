-- [ok] a __tostring that logs and makes effects while a line is being written
local t = setmetatable({}, { __tostring = function() log('inner') sleep(0) print('more') return 'outer' end })
log(t, t)
print(t, json.encode { 1 }, t)
log.warn(string.format('%s %5.2s', t, t))
return 'SAFE' 
