-- [kill] look-ups without end, each one protected
while true do pcall(lists.find, 'a.xlsx', 'b', 'c') end
