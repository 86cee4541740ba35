-- [error] pauses and numbers of attempts that are none
local fails = function() error { retryable = true } end
for _, pause in ipairs { {}, print, 'x', '', '1e9s', ('9'):rep(400) .. 'm' } do assert(not pcall(flow.retry, { backoff = pause })) end
assert(not pcall(flow.retry { times = {} }, fails))
assert(not pcall(flow.retry { times = 'x' }, fails))
flow.retry { times = 3, backoff = 0 / 0 } (fails)
