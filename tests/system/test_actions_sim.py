# SPDX-License-Identifier: Apache-2.0
"""The actions of a flow against the simulator: what one creates the next one sees, and what Nimbus refuses is an error."""
import unittest

from host import Host
from simulator import Simulator

FLOW = """
local service = "support@contoso.example"
local steps = {}

function steps.outbound()
  local entry = nimbus.scheduler.create {
    serviceUpn = service, destination = "+41790000000", dueDateTimeUtc = time.now() + 86400, ReferenceId = "R-1", maxAttempts = 2,
    distributionPriority = nimbus.lookups.scheduler_priorities()[1].value, customer = { lastName = "Muster" },
    customCallContextParameters = { VIP = true },
  }
  local listed = nimbus.scheduler.list { serviceUpn = service }
  local changed = nimbus.scheduler.update {
    SchedulerEntryID = entry.schedulerEntryId, serviceUpn = service, destination = "+41790000002",
    dueDateTimeUtc = "2030-01-01T00:00:00Z",
  }
  nimbus.scheduler.remove { SchedulerEntryID = entry.schedulerEntryId, confirm = true }
  return { reference = listed[1].ReferenceId, changed = changed.destination, left = #nimbus.scheduler.list { serviceUpn = service } }
end

function steps.workflow()
  local entry = nimbus.outbound.create { serviceUpn = service, destination = "+41790000000", dueDateTimeUtc = time.now() + 86400 }
  return nimbus.outbound.update {
    SchedulerEntryID = entry.schedulerEntryId, serviceUpn = service, destination = "+41790000002",
    dueDateTimeUtc = time.now() + 90000,
  }.destination
end

function steps.work()
  local work = nimbus.external_tasks.add {
    serviceUpn = service, customerIdentifier = "C-1", distributionPriority = nimbus.lookups.external_task_priorities()[1].value,
    preferredUsers = { { upn = nimbus.lookups.preferred_users()[1], priority = 1 } },
  }
  nimbus.external_tasks.remove { externalTaskId = work.id, confirm = true }
  local _, err = flow.try(nimbus.external_tasks.remove, { externalTaskId = work.id .. "x", confirm = true })
  return { modality = work.modality, again = err and err.kind }
end

function steps.book()
  local book = nimbus.address_books.list()[1].name
  nimbus.address_books.empty(book, { confirm = true })
  for i = 1, 3 do
    nimbus.contacts.add { AddressBook = book, externalId = "c" .. i, displayName = "Contact " .. i,
                          mobilePhones = { "079 123 45 6" .. i }, customFields = { Level = i } }
  end
  local found, matches = nimbus.contacts.find(book, "phones", "+41 79 123 45 62")
  nimbus.contacts.update { AddressBook = book, externalId = "c2", displayName = "Changed" }
  local after = nimbus.contacts.find(book, "displayName", "changed")
  nimbus.contacts.remove { AddressBook = book, externalIds = { "c1", "c3" }, confirm = true }
  return { found = found.displayName, matches = matches, after = after.externalId, left = #nimbus.contacts.get(book),
           some = #nimbus.contacts.get(book, { externalIds = { "c1", "c2" } }) }
end

function steps.lists()
  local counts = {}
  for name, look_up in pairs(nimbus.lookups) do
    local got = look_up()
    counts[name] = got == true or #got > 0
  end
  counts.hours = nimbus.opening_hours(service, { time = "2026-12-25T10:00:00Z" })
  return counts
end

function steps.refused()
  local _, unknown = flow.try(nimbus.scheduler.list, { serviceUpn = "nobody@contoso.example" })
  local _, gone = flow.try(nimbus.scheduler.update, { SchedulerEntryID = "none", serviceUpn = service, destination = "+41790000000",
                                                      dueDateTimeUtc = time.now() + 60 })
  return { unknown = unknown.kind, gone = gone.kind }
end

nimbus.on_task {
  name = "steps", services = { service }, events = { "SystemAccepted" },
  run = function(task) return steps[task.initialMessage]() end,
}
"""


class Actions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sim = Simulator()
        cls.host = Host(cls.sim.url, token=Simulator.TOKEN, flows={"steps.lua": FLOW}).start()

    @classmethod
    def tearDownClass(cls):
        status = cls.host.end()
        cls.sim.end()
        cls.host.remove()
        assert status == 0, cls.host.program.errors

    def step(self, name):
        task = self.sim.call(service="support@contoso.example", modality="InstantMessaging", message=name,
                             email="somebody@fabrikam.example")
        run = self.host.run_of(task)
        self.assertEqual("done", run["outcome"], run)
        return run["result"]

    def test_outbound(self):
        self.assertEqual({"reference": "R-1", "changed": "+41790000002", "left": 0}, self.step("outbound"))

    def test_outbound_with_workflow(self):
        self.assertEqual("+41790000002", self.step("workflow"))

    def test_external_tasks(self):
        self.assertEqual("ExternalTask", self.step("work")["modality"])

    def test_address_books(self):
        self.assertEqual({"found": "Contact 2", "matches": 1, "after": "c2", "left": 1, "some": 1}, self.step("book"))

    def test_look_ups(self):
        counts = self.step("lists")
        self.assertEqual("Holiday", counts.pop("hours"))
        self.assertEqual({True}, set(counts.values()), counts)
        self.assertEqual(11, len(counts))

    def test_refusals(self):
        self.assertEqual({"unknown": "denied", "gone": "not-found"}, self.step("refused"))


if __name__ == "__main__":
    unittest.main()
