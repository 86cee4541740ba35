-- who-writes.lua: e-mails and chats: show who writes and what about, before anybody opens them.
--
-- Each modality says it elsewhere: an e-mail has a subject and a body, a chat its first message. Nimbus shows plain text, so
-- text.plain takes the markup away.
local LONGEST = 200   -- characters of the message that are shown

local ABOUT = {
  Email            = function(task) return task.emailSubject, task.emailBodyUniquePlainText or task.emailBodyUniqueRichText end,
  InstantMessaging = function(task) return nil, task.initialMessage end,
}

-- The beginning of a text, cut between two characters.
local function beginning(message)
  local after = message and utf8.offset(message, LONGEST + 1)
  return after and after <= #message and message:sub(1, after - 1) .. "…" or message
end

nimbus.on_task {
  name       = "Show who writes",
  services   = { "sales@contoso.example" },
  events     = { "SystemAccepted" },
  modalities = { "Email", "InstantMessaging" },
  directions = { "Inbound" },
  run = function(task)
    local subject, message = ABOUT[task.modality](task)
    local row = lists.find("Addressbook.xlsx", "Email", task.customerIdentifier)

    nimbus.tasks.update {
      taskId   = task.taskId,
      customer = row and { firstName = row.FirstName, lastName = row.LastName, company = row.Company },
      customContextParameters = {
        Subject = text.plain(subject),
        Message = beginning(text.plain(message)),
        Known   = row ~= nil,
      },
    }
  end,
}
