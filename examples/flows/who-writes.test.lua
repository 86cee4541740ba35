-- who-writes.test.lua
return {
  { name   = "an e-mail with markup",
    event  = { taskId = "t1", modality = "Email", customerIdentifier = "nobody@nowhere.example",
               emailSubject = "Order <b>4711</b>", emailBodyUniqueRichText = "<p>Where is it?</p>" },
    expect = { effects = { { "nimbus.tasks.update", {
      customContextParameters = { Subject = "Order 4711", Message = "Where is it?", Known = false } } } } } },
  { name   = "a long message is cut between two characters",
    event  = { taskId = "t1", modality = "InstantMessaging", customerIdentifier = "nobody@nowhere.example",
               initialMessage = ("ä"):rep(300) },
    expect = { effects = { { "nimbus.tasks.update", { customContextParameters = { Message = ("ä"):rep(200) .. "…" } } } } } },
  { name   = "somebody of the list",
    event  = "../events/who-writes-chat.json",
    expect = { effects = { { "nimbus.tasks.update", { customer = { lastName = "Favre" } } } } } },
}
