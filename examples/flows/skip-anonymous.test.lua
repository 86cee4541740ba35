-- skip-anonymous.test.lua
return {
  { name   = "anonymous: the agent is told",
    event  = { taskId = "t1", isAnonymous = true },
    expect = { outcome = "skipped", result = "anonymous caller", effects = {
      { "nimbus.tasks.update", { customer = { displayName = "Anonymous caller" } } } } } },
  { name   = "a number is looked up",
    event  = { taskId = "t1", isAnonymous = false, customerIdentifier = "+39061234567" },
    expect = { outcome = "skipped", effects = { { "lists.find", { value = "+39061234567" } } } } },
}
