-- [contained] an object with very many keys, sorted; each prefix long
local t = {}
for i = 1, 60000 do t['the same long beginning of each key ' .. i] = i end
while true do json.encode(t) end
