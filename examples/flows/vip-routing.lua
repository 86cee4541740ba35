-- vip-routing.lua: important customers reach the people who know them; the others go the usual way.
--
-- The workflow in Nimbus can branch on the parameter VIP too ("Check Parameter"); let it wait for the parameter first.
local BY_LANGUAGE = {
  ["de-CH"] = { "agent1@contoso.example", "agent2@contoso.example" },
  ["fr-CH"] = { "agent3@contoso.example" },
}
local ANY = { "agent1@contoso.example" }

local function ranked(upns)
  local users = {}
  for priority, upn in ipairs(upns) do users[priority] = { upn = upn, priority = priority } end  -- 1 is the highest
  return users
end

nimbus.on_task {
  name       = "Route important customers",
  services   = { "support@contoso.example" },
  events     = { "SystemAccepted" },
  modalities = { "Audio" },
  directions = { "Inbound" },
  run = function(task)
    if task.isAnonymous then return flow.skip("anonymous caller") end
    local row = lists.find("Addressbook.xlsx", "MobilePhone", task.customerIdentifier)
    local vip = row ~= nil and row.VIP == true

    nimbus.tasks.update {
      taskId = task.taskId,
      customContextParameters = { VIP = vip, Language = row and row.Language },
      preferredUsers = vip and ranked(BY_LANGUAGE[row.Language] or ANY) or nil,
    }
  end,
}
