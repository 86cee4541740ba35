-- [ok] error objects of effects: their metatable, their text, thrown again through everything
local ok, e = pcall(http.get, 'fail:1')
assert(not ok and e.retryable and e.kind == 'timeout' and tostring(e):find('timed out'))
local mt = getmetatable(e)
if mt then mt.__tostring = function() return 'mine' end mt.__index = mt end
local again = select(2, pcall(http.get, 'fail:2'))
assert(tostring(again))
assert(select(2, coroutine.resume(coroutine.create(error), e)) == e)
local n = 0
assert(not pcall(flow.retry { times = 3, backoff = 0 }, function() n = n + 1 http.get('fail:3') end) and n == 3)
return 'SAFE' 
