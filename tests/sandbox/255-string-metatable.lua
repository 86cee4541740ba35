-- [ok] the metatable that all strings share
assert(getmetatable('') == false and not pcall(setmetatable, '', {}))
assert(not pcall(function() ('').x = 1 end) and not pcall(function() return ('a') < 1 end) and ('x').y == nil)
string.__index, string.__add = string, function() log('ESCAPED') end
assert('10' + 1 == 11 and not pcall(function() return {} + 'x' end))
string = nil
assert(('a'):rep(3) == 'aaa')
return 'SAFE' 
