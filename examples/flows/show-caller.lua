-- show-caller.lua: show the agent who is calling, from an Excel list.
--
-- Put Addressbook.xlsx into the folder lists/ of your tenant. It needs a column MobilePhone; numbers may be written in any
-- way ("+41 79 123 45 67", "0041...", "079 ...", or a number cell), they are compared as telephone numbers.
nimbus.on_task {
  name       = "Show caller from the address list",
  services   = { "support@contoso.example" },  -- the UPNs of your services
  events     = { "SystemAccepted" },           -- Nimbus has taken the call, nobody has answered yet
  modalities = { "Audio" },
  directions = { "Inbound" },
  run = function(task)
    if task.isAnonymous then return flow.skip("anonymous caller") end

    local row, matches = lists.find("Addressbook.xlsx", "MobilePhone", task.customerIdentifier)
    if not row then return flow.skip("not in the address list") end
    if matches > 1 then
      log.info(matches .. " people share this number; showing the first one of the list")
    end

    nimbus.tasks.update {
      taskId   = task.taskId,
      customer = {
        firstName  = row.FirstName,
        lastName   = row.LastName,
        company    = row.Company,
        department = row.Department,
        email      = row.Email,
      },
      customContextParameters = { VIP = row.VIP },
    }
  end,
}
