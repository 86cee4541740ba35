-- [ok] broken documents fail; odd ones decode to something harmless
for _, text in ipairs { '', '{', '[1,', '"abc', '{"a"}', 'nul', '01', '1.', '+1', '[1]x', "'a'", '{a:1}', '[1,]', '"\t"', '"\\x"', '"\\u12"',
  '\0', '[1] [2]', '{"a":1,}', '-', '1e', '0x10', 'NaN', 'Infinity', '"\xff"', ('9'):rep(1e5), '//', '"\\' } do
  if pcall(json.decode, text) then log('ESCAPED: decoded ', text) end
end
assert(not pcall(function() return json.encode(json.decode('1e999')) end))
local ok, text = pcall(json.decode, '"\\ud800\\ud800\\udc00\\u0000"')
assert(not ok or utf8.len(text))
assert(json.decode('{"a":1,"a":2}').a == 2)
assert(json.decode('9223372036854775808') == 2.0 ^ 63)
return 'SAFE' 
