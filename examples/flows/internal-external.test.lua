-- internal-external.test.lua
return {
  { name   = "a colleague, by GUID",
    event  = "../events/internal-external-internal.json",
    expect = { effects = { { "nimbus.tasks.update", {
      customer = { UPN = "eva.keller@contoso.example" }, customContextParameters = { CallerType = "internal" } } } } } },
  { name   = "a customer, by number",
    event  = "../events/internal-external-external.json",
    expect = { effects = { { "nimbus.tasks.update", { customContextParameters = { CallerType = "external" } } } } } },
  { name   = "an unknown customer",
    event  = { taskId = "t1", customerIdentifier = "+39061234567" },
    expect = { exactly = true, effects = {
      { "nimbus.tasks.update", { taskId = "t1", customContextParameters = { CallerType = "external" } } } } } },
}
