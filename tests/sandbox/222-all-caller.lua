-- [ok] branches go for the thread that waits for them, and for themselves
local caller = coroutine.running()
local a = flow.all { function()
  local me = coroutine.running()
  for _, thread in ipairs { caller, me } do
    assert(not coroutine.resume(thread, 1, 2, 3))
    assert(not pcall(coroutine.close, thread))
  end
  assert(not pcall(coroutine.yield, 1) and not coroutine.isyieldable())
  sleep(0)
  return 'a'
end }
assert(a == 'a')
return 'SAFE' 
