-- loops.lua: nested loops over numbers and one list
local sieve, sum = {}, 0.0
for round = 1, 80 do
  for i = 2, 10000 do sieve[i] = true end
  for i = 2, 100 do
    if sieve[i] then
      for j = i * i, 10000, i do sieve[j] = false end
    end
  end
  for i = 1, 150000 do sum = sum + (i ~ round) * 0.5 end
end
assert(sum > 0)
