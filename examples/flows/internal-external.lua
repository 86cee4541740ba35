-- internal-external.lua: colleagues and customers call the same service.
--
-- A colleague calls from Teams: customerIdentifier is the object id of the account (a GUID), and callerUPN the sign-in name.
-- A customer calls from the telephone network: customerIdentifier is a number like +41791234567.
local GUID = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"

local function find_colleague(task)
  if task.callerUPN then return lists.find("Addressbook.xlsx", "UPN", task.callerUPN) end
  return lists.find("Addressbook.xlsx", "ObjectId", task.customerIdentifier)
end

nimbus.on_task {
  name       = "Tell colleagues from customers",
  services   = { "support@contoso.example" },
  events     = { "SystemAccepted" },
  modalities = { "Audio" },
  directions = { "Inbound" },
  run = function(task)
    if task.isAnonymous then return flow.skip("anonymous caller") end

    local internal = task.customerIdentifier:match(GUID) ~= nil
    local row
    if internal then
      row = find_colleague(task)
    else
      row = lists.find("Addressbook.xlsx", "MobilePhone", task.customerIdentifier)
    end

    nimbus.tasks.update {
      taskId   = task.taskId,
      customer = row and {
        firstName  = row.FirstName,
        lastName   = row.LastName,
        company    = row.Company,
        department = row.Department,
        UPN        = row.UPN,
      },
      customContextParameters = { CallerType = internal and "internal" or "external" },
    }
  end,
}
