-- [ok] a branch resumes and closes a coroutine that another branch is in
local co
local a = flow.all { function()
  co = coroutine.create(function() sleep(3) return 'done' end)
  local _, value = coroutine.resume(co)
  return value
end, function()
  for i = 1, 6 do
    if co and coroutine.status(co) ~= 'dead' then
      if coroutine.resume(co, table.unpack({}, 1, i * 50)) or pcall(coroutine.close, co) then log('ESCAPED') end
    end
    sleep(0)
  end
end }
assert(a == 'done')
return 'SAFE' 
