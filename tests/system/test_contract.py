# SPDX-License-Identifier: Apache-2.0
"""The client and the simulator keep to the description of the API, as Prism, which nobody here wrote, reads it.

The description is the project's own; with NIMBUS_DEFINITION=path also the published one, for what it has.
"""
import os
import pathlib
import unittest

from host import Host, wait_until
from prism import Prism
from simulator import Simulator
from test_actions_sim import FLOW

SOURCE = pathlib.Path(__file__).resolve().parents[2]
OWN = str(SOURCE / "docs/nimbus-api.json")
PUBLISHED = os.environ.get("NIMBUS_DEFINITION")

EVERYTHING = """
local service = "support@contoso.example"
local customer = { firstName = "Ada", lastName = "Muster", telNumbers = { { name = "Mobile", value = "+41790000000" } },
                   customFields = { Level = "1" } }
local call = { serviceUpn = service, destination = "+41790000000", dueDateTimeUtc = "2030-01-01T00:00:00Z", maxAttempts = 3,
               attemptTimeoutInSeconds = 60, customer = customer, customCallContextParameters = { VIP = "yes" } }
local function with(more)
  local all = {}
  for k, v in pairs(call) do all[k] = v end
  for k, v in pairs(more) do all[k] = v end
  return all
end
local contact = { AddressBook = "string", externalId = "c1", displayName = "A contact",
                  businessPhones = { "+41580000000" }, emailAddresses = { "a@b.example" },
                  addresses = { { street = "Main 1", city = "Zurich" } }, customFields = { Level = "1" } }
local actions = {
  update = function() nimbus.tasks.update { taskId = "t1", customer = customer, customContextParameters = { VIP = "yes" },
    preferredUsers = { { upn = "agent1@contoso.example", priority = 1 } } } end,
  add = function() nimbus.external_tasks.add { serviceUpn = service, customerIdentifier = "C-1", customer = customer } end,
  remove = function() nimbus.external_tasks.remove { externalTaskId = "e1", confirm = true } end,
  list = function() nimbus.scheduler.list { serviceUpn = service } end,
  create = function() nimbus.scheduler.create(with { ronaTimeoutInSeconds = 20, maxQueueTimeInSeconds = 300 }) end,
  change = function() nimbus.scheduler.update(with { SchedulerEntryID = "s1" }) end,
  drop = function() nimbus.scheduler.remove { SchedulerEntryID = "s1", confirm = true } end,
  get = function() nimbus.contacts.get(contact.AddressBook, { externalIds = { "c1", "c2" } }) end,
  new = function() nimbus.contacts.add(contact) end,
  put = function() nimbus.contacts.update(contact) end,
  away = function() nimbus.contacts.remove { AddressBook = contact.AddressBook, externalIds = { "c1" }, confirm = true } end,
  empty = function() nimbus.address_books.empty { AddressBook = contact.AddressBook, confirm = true } end,
}
for name, look_up in pairs(nimbus.lookups) do actions["lookups." .. name] = function() look_up() end end
%s
flow.manual { name = "everything", run = function()
  local failed, names = {}, {}
  for name in pairs(actions) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local ok, err = pcall(actions[name])
    if not ok then failed[name] = err.message or tostring(err) end
  end
  return { count = #names, failed = failed }
end }
"""
NEWER = """
actions.outbound = function() nimbus.outbound.create { serviceUpn = service, destination = "+41790000000",
  dueDateTimeUtc = "2030-01-01T00:00:00Z" } end
actions.reschedule = function() nimbus.outbound.update { SchedulerEntryID = "s1", serviceUpn = service,
  destination = "+41790000000", dueDateTimeUtc = "2030-01-01T00:00:00Z" } end
actions.hours = function() nimbus.opening_hours(service, { time = "2026-12-25T10:00:00Z" }) end
"""


class Contract(unittest.TestCase):
    def mocked(self, definition, more):
        """Every action against a server that Prism makes of the description: it refuses what does not fit."""
        prism = Prism(definition)
        host = Host(prism.url, token="any", flows={"all.lua": EVERYTHING % more}).start(ready=False)
        try:
            wait_until(lambda: host.command("runs", "start", "everything", "--config", f"{host.dir}/nimflow.yaml").returncode
                       == 0, what="the start by hand")
            run, = wait_until(lambda: [r for r in host.runs() if r["outcome"] != "running"][:1], 120, "the run")
            self.assertEqual("done", run["outcome"], run)
            result = host.show(run["id"])["result"]
            self.assertEqual({}, result["failed"] or {})
            self.assertGreaterEqual(result["count"], 23)
            self.assertEqual([], prism.violations())
        finally:
            prism.end()
            self.assertEqual(0, host.end(), host.program.errors)
            host.remove()

    def between(self, definition, steps):
        """The client and the simulator with Prism between them."""
        sim = Simulator()
        prism = Prism(definition, sim.url)
        host = Host(prism.url, token=Simulator.TOKEN, flows={"steps.lua": FLOW}).start()
        try:
            for step in steps:
                task = sim.call(service="support@contoso.example", modality="InstantMessaging", message=step,
                                email="somebody@fabrikam.example")
                self.assertEqual("done", host.run_of(task)["outcome"], step)
            self.assertEqual([], prism.violations())
        finally:
            self.assertEqual(0, host.end(), host.program.errors)
            prism.end()
            sim.end()
            host.remove()

    def test_client_and_mock(self):
        self.mocked(OWN, NEWER)

    def test_client_and_simulator(self):
        self.between(OWN, ("outbound", "workflow", "work", "book", "lists"))

    @unittest.skipUnless(PUBLISHED, "NIMBUS_DEFINITION is not set")
    def test_client_and_mock_of_the_published_definition(self):
        self.mocked(PUBLISHED, "")

    @unittest.skipUnless(PUBLISHED, "NIMBUS_DEFINITION is not set")
    def test_client_and_simulator_by_the_published_definition(self):
        # not "work": it removes an external task twice, and the published definition lists no answer for the second time
        self.between(PUBLISHED, ("outbound", "book"))


if __name__ == "__main__":
    unittest.main()
