# SPDX-License-Identifier: Apache-2.0
"""The flows under test. Each effect carries a mark, by which the record of the fake Nimbus can be read:
taskId in the path, "SEQUENCE|HANDLER|STEP" in the field lastName or customerIdentifier, or a number in a time."""
import datetime

HEAD = """
nimbus.on_task {
  name = "%(name)s", services = { "support@contoso.example" }, events = { "SystemAccepted" }, %(where)s
  run = function(task)
    local function mark(step) return task.referenceId .. "|%(name)s|" .. step end
    local function update(step, id)
      nimbus.tasks.update { taskId = id or task.taskId, customer = { lastName = mark(step) } }
    end
    update("begin")
%(body)s
    update("end")
  end,
}
"""
READ_BASE = 1_000_000_000  # 2001; the time asked for is this plus the number of the event

BODIES = {
    "plain": ("", """
    nimbus.opening_hours(task.serviceUPN, { time = %d + tonumber(task.callerId) })
    kv.set("plain/" .. task.taskId .. "/" .. task.referenceId, task.referenceId)
""" % READ_BASE),
    "creates": ("", """
    nimbus.external_tasks.add { serviceUpn = task.serviceUPN, customerIdentifier = task.taskId .. "|" .. mark("create") }
"""),
    "both": ("", """
    flow.all { function() update("left") end, function() update("right") end }
    flow.sleep(0.02)
"""),
    "catches": ("", """
    local good, err = pcall(update, "fail", "missing-" .. task.taskId)
    if good or err.kind ~= "not-found" then error("the update of a task that is not there: " .. tostring(err)) end
"""),
    "sleeps": ("where = { isAnonymous = true },", """
    flow.sleep("5200ms")
"""),
}
# the step of each effect, in the order of its number in the journal; None: nothing that Nimbus sees
STEPS = {
    "plain": ("begin", "read", None, "end"),
    "creates": ("begin", "create", "end"),
    "both": ("begin", "left", "right", None, "end"),
    "catches": ("begin", "fail", "end"),
    "sleeps": ("begin", None, "end"),
}
UNSAFE = {"create"}          # steps
MAY_BE_HELD = {"creates"}    # handlers whose run may end or wait unexplained by anything but its unsafe effect
LANE_SET_FREE = {"sleeps"}   # a durable sleep lets the next one begin
SIDE_BY_SIDE = {"left", "right"}


def sources():
    """File name -> Lua source."""
    return {name + ".lua": HEAD % {"name": name, "where": where, "body": body.strip("\n")}
            for name, (where, body) in BODIES.items()}


def handlers_for(sleeper):
    """The handlers that run for an event."""
    return [name for name in STEPS if sleeper or name != "sleeps"]


def number_of_read(text):
    """The number of the event, from the time of a look-up of opening hours."""
    moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp()) - READ_BASE
