-- [kill] a tree that is small in memory and huge as JSON, protected, without end
local t = { 'leaf' }
for i = 1, 60 do t = { t, t } end
while true do pcall(json.encode, t) pcall(log, t) end
