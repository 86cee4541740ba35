-- keep-address-book.test.lua: what Nimbus would answer is written into the case; the list is read for real.
local CALL = "../events/keep-address-book.json"

-- nimbus.contacts.find gives three results: the contact, how many there are, and the age of the book
local function known(contact)
  return { ["nimbus.contacts.find"] = { { contact, contact and 1 or 0, 0 } } }
end

return {
  { name    = "a new contact is added",
    event   = CALL,
    expect  = { effects = { { "nimbus.contacts.add", { AddressBook = "Customers", externalId = "10007" } } } } },
  { name    = "a contact who moved is brought up to date",
    event   = CALL,
    answers = known { externalId = "10007", firstName = "Urs", lastName = "Hässig", emailAddresses = { "urs@old.example" } },
    expect  = { effects = { { "nimbus.contacts.update", { emailAddresses = { "urs.haessig@mueller.example" } } } } } },
  { name    = "nothing to do",
    event   = CALL,
    answers = known { externalId = "10007", firstName = "Urs", lastName = "Hässig", emailAddresses = { "urs.haessig@mueller.example" } },
    expect  = { outcome = "skipped", effects = {} } },
  { name    = "Nimbus has no such address book",
    event   = CALL,
    answers = { ["nimbus.contacts.find"] = { { error = { kind = "not-found", status = 404 } } } },
    expect  = { outcome = "failed", error = { kind = "not-found" }, effects = {} } },
}
