-- [ok] nan and inf are refused, the ends of both number types come back as they were
for _, x in ipairs { 0 / 0, 1 / 0, -1 / 0 } do assert(not pcall(http.get, { url = x })) end
for _, x in ipairs { math.mininteger, math.maxinteger, 5e-324, 1.7976931348623157e308, 2.0 ^ 53, -0.0, 0.1, 1e15, 1e21 } do
  assert(http.get { url = x }.url == x)
end
return 'SAFE' 
