-- strings.lua: what scripts do with text: format, find, replace, take apart, put together
local total = 0
for round = 1, 100 do
  local words = {}
  for i = 1, 500 do
    local line = string.format("%05d;name %d;%s@contoso.example", i, i * round, ("x"):rep(i % 9))
    for word in line:gmatch("[^;]+") do words[#words + 1] = word:upper() end
    if line:find("name 77", 1, true) then words[#words] = line:gsub("%d", "#") end
  end
  total = total + #table.concat(words, ",")
end
assert(total > 1000000)
