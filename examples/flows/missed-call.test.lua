-- missed-call.test.lua: the clock stands still in a test, so "in ten minutes" is a time that can be written down.
return {
  { name   = "a missed call is called back",
    now    = "2026-03-02T08:00:00Z",
    event  = "../events/missed-call.json",
    expect = { effects = { { "nimbus.scheduler.create", {
      serviceUpn = "support@contoso.example", destination = "+41791234567",
      dueDateTimeUtc = os.time { year = 2026, month = 3, day = 2, hour = 8, min = 10 },
    } } } } },
  { name   = "it was answered",
    event  = { taskId = "t1", LastConnectedUserUPN = "agent1@contoso.example" },
    expect = { outcome = "skipped", result = "it was answered", effects = {} } },
  { name   = "a lost chat becomes a task",
    event  = "../events/missed-call-chat.json",
    expect = { effects = { { "nimbus.external_tasks.add", { customContextParameters = { Reason = "Missed InstantMessaging" } } } } } },
}
