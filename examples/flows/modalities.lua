-- modalities.lua: one flow for calls, chats, e-mails and tasks of another system.
--
-- What identifies the customer depends on the modality, and so does the column to look in.
local COLUMN = {
  Audio            = "MobilePhone",   -- a number, compared as a telephone number
  InstantMessaging = "Email",         -- the address that was given when the chat began
  Email            = "Email",         -- the sender; upper and lower case do not matter
  ExternalTask     = "TaskSystemId",  -- the id in the other system
}

nimbus.on_task {
  name     = "Show the customer of every modality",
  services = { "sales@contoso.example" },
  events   = { "SystemAccepted" },
  run = function(task)
    local column = COLUMN[task.modality]
    if not column then return flow.skip("no look-up for modality " .. tostring(task.modality)) end
    if task.isAnonymous or not task.customerIdentifier then return flow.skip("anonymous") end

    local row = lists.find("Addressbook.xlsx", column, task.customerIdentifier)
    if not row then return flow.skip("not in the address list") end

    nimbus.tasks.update {
      taskId   = task.taskId,
      customer = {
        firstName = row.FirstName,
        lastName  = row.LastName,
        company   = row.Company,
        email     = row.Email,
      },
      customContextParameters = { VIP = row.VIP, Language = row.Language },
    }
  end,
}
