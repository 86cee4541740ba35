-- [kill] again and again almost all of the memory, freed, then too much, protected
for round = 1, 4 do
  local t = {}
  for i = 1, 30 do t[i] = ('x'):rep(1 << 20) .. i end
  t = nil
  pcall(string.rep, 'y', 20 << 20)
end
pcall(string.rep, 'z', 60 << 20)
log('ESCAPED')
