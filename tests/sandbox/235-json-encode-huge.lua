-- [contained] 40 MB of JSON from one small table: too large, or too long
local s = ('\1'):rep(1e6)
local t = {}
for i = 1, 40 do t[i] = s end
json.encode(t)
