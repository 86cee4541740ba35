-- skip-anonymous.lua: an anonymous caller has no number to look up; tell the agent so, and do nothing else.
--
-- flow.skip ends a run without an error; its reason is shown in the history.
nimbus.on_task {
  name       = "Skip anonymous callers",
  services   = { "support@contoso.example" },
  events     = { "SystemAccepted" },
  modalities = { "Audio" },
  directions = { "Inbound" },
  run = function(task)
    if task.isAnonymous then
      nimbus.tasks.update { taskId = task.taskId, customer = { displayName = "Anonymous caller" } }
      return flow.skip("anonymous caller")
    end

    local row = lists.find("Addressbook.xlsx", "MobilePhone", task.customerIdentifier)
    if not row then return flow.skip("not in the address list") end
    nimbus.tasks.update {
      taskId   = task.taskId,
      customer = { firstName = row.FirstName, lastName = row.LastName, company = row.Company },
    }
  end,
}
