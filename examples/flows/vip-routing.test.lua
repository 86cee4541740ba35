-- vip-routing.test.lua
local function row(fields)
  return { ["lists.find"] = { { row = fields, matches = 1 } } }
end
local CALL = { taskId = "t1", customerIdentifier = "+41791112233" }

return {
  { name    = "a customer who speaks French",
    event   = CALL,
    answers = row { VIP = true, Language = "fr-CH" },
    expect  = { effects = { { "nimbus.tasks.update", { preferredUsers = { { upn = "agent3@contoso.example", priority = 1 } } } } } } },
  { name    = "a language that nobody speaks",
    event   = CALL,
    answers = row { VIP = true, Language = "rm-CH" },
    expect  = { effects = { { "nimbus.tasks.update", { preferredUsers = { { upn = "agent1@contoso.example", priority = 1 } } } } } } },
  { name    = "not important: the usual way",
    event   = CALL,
    answers = row { VIP = false, Language = "de-CH" },
    expect  = { exactly = true, effects = {
      { "nimbus.tasks.update", { taskId = "t1", customContextParameters = { VIP = false, Language = "de-CH" } } } } } },
}
