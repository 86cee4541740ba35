-- bench.lua: the flow that the benches run: filter, look the caller up in a list of 1,000, update the task.
nimbus.on_task {
  name       = "Show caller",
  services   = { "support@contoso.example" },
  events     = { "SystemAccepted" },
  modalities = { "Audio" },
  directions = { "Inbound" },
  run = function(task)
    if task.isAnonymous then return flow.skip("anonymous caller") end
    local row = lists.find("callers.csv", "MobilePhone", task.customerIdentifier)
    if not row then return flow.skip("not in the list") end
    nimbus.tasks.update {
      taskId   = task.taskId,
      customer = { firstName = row.FirstName, lastName = row.LastName, company = row.Company,
                   department = row.Department, email = row.Email },
      customContextParameters = { VIP = row.VIP },
    }
  end,
}
