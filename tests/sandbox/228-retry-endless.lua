-- [kill] flow.retry with endless attempts of a thing that fails
flow.retry { times = math.huge, backoff = 0 } (function()
  for i = 1, 20 do lists.find('a.xlsx', 'b', 'c') end
  error { retryable = true }
end)
