-- [error] flow.all in a branch, and in a coroutine of a branch
flow.all { function()
  local ok = pcall(coroutine.wrap(function() return flow.all { function() return 'ESCAPED' end } end))
  assert(not ok)
  return flow.all { function() return 'ESCAPED' end }
end }
