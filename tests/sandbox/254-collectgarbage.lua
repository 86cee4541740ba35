-- [ok] every use of collectgarbage is allowed and does nothing
for _, what in ipairs { 'stop', 'restart', 'collect', 'step', 'setpause', 'setstepmul', 'generational', 'incremental', 'isrunning', 'x', '' } do
  pcall(collectgarbage, what, math.maxinteger, -1, 1 << 40)
end
assert(collectgarbage('count') > 0)
for i = 1, 30000 do local t = { ('x'):rep(100) } collectgarbage('step', 0) end
return 'SAFE' 
