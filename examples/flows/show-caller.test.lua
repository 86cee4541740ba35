-- show-caller.test.lua: "nimflow test show-caller.lua" runs these cases, without network. docs/FLOWS.md explains them.
local ROW = { FirstName = "Ada", LastName = "Lovelace", Company = "Analytical", Department = "R&D", Email = "ada@example.com", VIP = true }
local CALL = { taskId = "t1", event = "SystemAccepted", modality = "Audio", direction = "Inbound", customerIdentifier = "+41791112233" }

return {
  { name    = "a caller of the list",
    event   = CALL,
    answers = { ["lists.find"] = { { row = ROW, matches = 1 } } },
    expect  = { outcome = "done", effects = {
      { "nimbus.tasks.update", { taskId = "t1", customer = { lastName = "Lovelace", company = "Analytical" },
                                 customContextParameters = { VIP = true } } },
    } } },
  { name    = "an unknown caller",
    event   = CALL,
    answers = { ["lists.find"] = { json.null } },
    expect  = { outcome = "skipped", result = "not in the address list", effects = {} } },
  { name    = "an anonymous caller is not looked up",
    event   = { taskId = "t2", isAnonymous = true },
    expect  = { outcome = "skipped", effects = {} } },
  { name    = "from the real list",
    event   = "../events/show-caller-shared-number.json",
    expect  = { effects = { { "lists.find" }, { "nimbus.tasks.update", { customer = { firstName = "Regula" } } } } } },
  { name    = "Nimbus is busy: it fails",
    event   = CALL,
    answers = { ["lists.find"] = { { row = ROW, matches = 1 } },
                ["nimbus.tasks.update"] = { { error = { kind = "rate", status = 429 } } } },
    expect  = { outcome = "failed", error = { kind = "rate" } } },
  { name    = "not for e-mails",
    event   = { modality = "Email" },
    expect  = { outcome = "filtered" } },
}
