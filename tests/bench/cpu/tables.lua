-- tables.lua: many small tables and closures, sorted and thrown away
local kept = 0
for round = 1, 200 do
  local people = {}
  for i = 1, 500 do
    local id = (i * 7919 + round) % 10007
    people[i] = { id = id, name = "n" .. id, score = function() return id * round end }
  end
  table.sort(people, function(a, b) return a.id < b.id end)
  for _, person in ipairs(people) do kept = kept + person.score() % 2 end
end
assert(kept > 0)
