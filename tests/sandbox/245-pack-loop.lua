-- [kill] pack, unpack and format with all they have, without end
local fmt = ('s1i16!16<j>n='):rep(8)
while true do
  pcall(string.pack, fmt, table.unpack({}, 1, 200))
  pcall(string.unpack, ('s1'):rep(100), ('\1a'):rep(100))
  pcall(string.unpack, 's8', ('\xff'):rep(8), 1)
  pcall(string.format, ('%99.99f'):rep(30), table.unpack({ 1e308 }, 1, 1))
  pcall(string.packsize, ('!16 i16'):rep(1000))
end
