-- [kill] the same from new coroutines and flow.try
while true do
  coroutine.wrap(function() flow.try(lists.find, 'a.xlsx', 'b', 'c') end)()
  coroutine.resume(coroutine.create(function() error(lists.find('a.xlsx', 'b', 'c')) end))
end
