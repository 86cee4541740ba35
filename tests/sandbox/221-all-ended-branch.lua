-- [ok] a branch closes and resumes the thread of one that ended, whose result still lies there
local ended
local a, b, c = flow.all { function() ended = coroutine.running() return 'mine' end, function()
  sleep(1)
  pcall(coroutine.close, ended)
  coroutine.resume(ended)
  coroutine.resume(ended, print, nil, {}, false)
  pcall(coroutine.close, ended)
  coroutine.resume(ended, false)
  return 'b'
end, function() return end }
if a ~= 'mine' or b ~= 'b' or c ~= nil then log('ESCAPED: ', a, b, c) end
assert(coroutine.resume(ended) == false)
return 'SAFE' 
