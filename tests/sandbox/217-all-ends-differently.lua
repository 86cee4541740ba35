-- [contained] branches that fail, sleep, skip the run and never end
flow.all {
  function() error('first') end, function() sleep(2) error('second') end,
  function() sleep(1) flow.skip('skipped') end, function() sleep(5) while true do end end,
}
