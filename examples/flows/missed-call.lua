-- missed-call.lua: nobody took the call: Nimbus calls back. A lost chat or e-mail becomes a task that somebody works on.
--
-- Which events your Nimbus has: nimbus.lookups.task_events(). The service needs a number to call out, and the modality of
-- external tasks, both in Nimbus's settings.
local CALL_BACK_AFTER = 10 * 60   -- seconds

nimbus.on_task {
  name       = "Call back after a missed call",
  services   = { "support@contoso.example" },
  events     = { "Terminated" },
  directions = { "Inbound" },
  run = function(task)
    if task.LastConnectedUserUPN then return flow.skip("it was answered") end
    if task.isAnonymous or not task.customerIdentifier then return flow.skip("nobody to call back") end

    if task.modality ~= "Audio" then
      nimbus.external_tasks.add {
        serviceUpn              = task.serviceUPN,
        customerIdentifier      = task.customerIdentifier,
        customContextParameters = { Reason = "Missed " .. task.modality },
      }
      return
    end
    nimbus.scheduler.create {
      serviceUpn     = task.serviceUPN,
      destination    = task.callerUPN or task.customerIdentifier,  -- a colleague by name, a customer by number
      dueDateTimeUtc = time.now() + CALL_BACK_AFTER,
      ReferenceId    = task.taskId,                                -- to find it again in nimbus.scheduler.list
      maxAttempts    = 3,
      customCallContextParameters = { Reason = "Missed call" },
    }
  end,
}
