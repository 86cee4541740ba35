-- [kill] flow.all again and again, and from error handlers: every round costs
local function again()
  flow.all { function() error('x') end, function() sleep(0) end }
end
while true do xpcall(again, function() pcall(again) end) end
