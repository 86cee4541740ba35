-- keep-address-book.lua: bring the address book "Customers" of Nimbus in step with the list, customer by customer.
--
-- Whenever somebody calls who is in the list, the contact is made or brought up to date; so the address book has those
-- who do call. CustomerNo is the key on both sides. nimbus.contacts.find keeps the book in memory; that costs no request.
local BOOK = "Customers"

local function contact_of(row)
  return {
    AddressBook    = BOOK,
    externalId     = tostring(row.CustomerNo),
    firstName      = row.FirstName,
    lastName       = row.LastName,
    displayName    = row.FirstName .. " " .. row.LastName,
    company        = row.Company and text.plain(row.Company),
    department     = row.Department,
    emailAddresses = { row.Email },
    mobilePhones   = { row.MobilePhone },
    customFields   = { VIP = row.VIP, Language = row.Language },
  }
end

local function is_current(contact, row)
  return contact.firstName == row.FirstName and contact.lastName == row.LastName
    and (contact.emailAddresses or {})[1] == row.Email
end

nimbus.on_task {
  name       = "Keep the address book in step",
  services   = { "support@contoso.example" },
  events     = { "SystemAccepted" },
  modalities = { "Audio" },
  directions = { "Inbound" },
  run = function(task)
    local row = lists.find("Addressbook.xlsx", "MobilePhone", task.customerIdentifier)
    if not row then return flow.skip("not in the address list") end

    local contact = nimbus.contacts.find(BOOK, "externalId", row.CustomerNo)
    if not contact then
      nimbus.contacts.add(contact_of(row))
    elseif is_current(contact, row) then
      return flow.skip("the address book is up to date")
    else
      nimbus.contacts.update(contact_of(row))
    end
  end,
}
