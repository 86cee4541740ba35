-- [error] an error object whose fields are huge, broken, cyclic
local e = setmetatable({ message = ('\xff\0"'):rep(1e6), where = ('w'):rep(1e6), kind = '\xed\xa0\x80', hint = '\0' },
  { __index = function() log('ESCAPED') end })
e.e = e
pcall(error, e)
error(e, 1 << 30)
