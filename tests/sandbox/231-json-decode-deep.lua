-- [ok] JSON nested deeper than the limit, of every kind
for _, open in ipairs { '[', '{"a":', '[{"a":', '[[],' } do
  assert(not pcall(json.decode, open:rep(1e5)))
  assert(not pcall(json.decode, open:rep(65)))
end
assert(json.decode(('['):rep(60) .. (']'):rep(60)))
return 'SAFE' 
