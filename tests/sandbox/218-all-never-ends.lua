-- [kill] one branch computes for ever behind pcall while others wait
flow.all { function() sleep(1) while true do pcall(error) end end, function() sleep(1000) end, function() sleep(3) end }
