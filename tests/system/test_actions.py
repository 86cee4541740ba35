# SPDX-License-Identifier: Apache-2.0
"""
Every action of the Nimbus API, called by a real flow in a real host, against a small Nimbus that records what it gets.

A case is an entry of CASES: the action with its arguments, the request that must come out (method, path, query, body byte
for byte), what Nimbus answers, and what the flow gets.
"""
import json
import re
import threading
import unittest

from apidef import definitions
from host import Host, event, post, wait_until
from nimbus import LISTS, Nimbus

CALLER = """
local function named(name)
  local found = _G
  for part in name:gmatch("[^.]+") do found = found[part] end
  return found
end

local function caller(name, permissions)
  nimbus.on_task {
    name = name, services = { "support@contoso.example" }, events = { "SystemAccepted" }, permissions = permissions,
    modalities = { permissions and "Email" or "Audio" },
    run = function(task)
      local all = {}
      for i, call in ipairs(json.decode(task.initialMessage)) do
        local got = table.pack(pcall(named(call.action), table.unpack(call.args)))
        if got[1] then
          all[i] = { ok = true, result = got[2], second = got[3], third = got[4], n = got.n - 1 }
        else
          local err = got[2]
          all[i] = { ok = false, kind = err.kind, message = err.message, retryable = err.retryable, status = err.status,
                     hint = err.hint, where = err.where }
        end
      end
      return all
    end,
  }
end

caller("calls")
caller("may destroy", { "nimbus.address_books.empty", "nimbus.contacts.remove" })
"""

SERVICE = "support@contoso.example"
BOOKS = [{"name": "Customers", "id": "book 1"}, {"name": "Partners", "id": "book-2"}, {"name": "Twin", "id": "t1"},
         {"name": "Twin", "id": "t2"}]
BOOK = "/v2/AddressBooks/book%201/contacts"
ENTRY = {"dueDateTimeUtc": "2026-12-01T08:30:00Z", "serviceUpn": SERVICE, "destination": "+41791234567"}
CUSTOMER = {"firstName": "Jürg", "telNumbers": [{"name": "Mobile", "value": "+41791234567"}],
            "customFields": [{"name": "Number", "value": "7"}]}
CUSTOMER_IN = {"firstName": "Jürg", "telNumbers": {"Mobile": "+41791234567"}, "customFields": {"Number": 7}}
PARAMETERS_IN, PARAMETERS = {"VIP": True, "Amount": 2.5}, [{"name": "Amount", "value": "2.5"}, {"name": "VIP", "value": "true"}]
CONTACT = {"externalId": "42", "firstName": "Zoë", "lastName": "Favre", "displayName": "Zoë Favre", "initials": "ZF",
           "company": "Northwind", "department": "IT", "jobTitle": "Engineer", "userPrincipalName": "zoe@northwind.example",
           "imAddresses": ["sip:zoe"], "emailAddresses": ["zoe@northwind.example"], "businessPhones": ["+41 58 000 00 01"],
           "mobilePhones": ["+41791234567"], "homePhones": ["044 000 00 00"],
           "addresses": [{"street": "Weg 1", "city": "Bern", "country": "CH", "state": "BE", "postalCode": "3000"}],
           "customFields": [{"name": "Level", "value": "gold"}]}
HOURS = "/v1/service-check/opening-hours"

# (action, arguments, (method, path, query, body), answer of Nimbus, result)
CASES = [
    ("nimbus.tasks.update",
     [{"taskId": "a/b", "customer": CUSTOMER_IN, "customContextParameters": PARAMETERS_IN,
       "preferredUsers": [{"upn": "a@contoso.example", "priority": 99}], "userSessionId": "u 1", "serviceSessionId": "s&1"}],
     ("PUT", "/v1/tasks/a%2Fb", "serviceSessionId=s%261&userSessionId=u%201",
      {"customer": CUSTOMER, "customContextParameters": PARAMETERS,
       "preferredUsers": [{"upn": "a@contoso.example", "priority": 99}]}), None, None),
    ("nimbus.tasks.update", [{"taskId": "t", "customer": {"lastName": ""}}],
     ("PUT", "/v1/tasks/t", "", {"customer": {"lastName": ""}}), None, None),
    ("nimbus.external_tasks.add",
     [{"serviceUpn": SERVICE, "customerIdentifier": "C-7", "customer": CUSTOMER_IN, "customContextParameters": PARAMETERS_IN,
       "distributionPriority": "High", "preferredUsers": [{"upn": "a@contoso.example"}]}],
     ("POST", "/v1/ExternalTasks", "",
      {"serviceUpn": SERVICE, "customerIdentifier": "C-7", "customer": CUSTOMER, "customContextParameters": PARAMETERS,
       "distributionPriority": "High", "preferredUsers": [{"upn": "a@contoso.example"}]}),
     {"id": "e1", "modality": "ExternalTask"}, {"id": "e1", "modality": "ExternalTask"}),
    ("nimbus.external_tasks.remove", [{"externalTaskId": "e 1", "confirm": True, "serviceUpn": SERVICE}],
     ("DELETE", "/v1/ExternalTasks/e%201", "", None), None, None),
    ("nimbus.scheduler.list", [{"serviceUpn": SERVICE}],
     ("GET", "/v1/scheduler-entries", "serviceUpn=support%40contoso.example", None),
     [{"schedulerEntryId": "1"}], [{"schedulerEntryId": "1"}]),
    ("nimbus.scheduler.create",
     [{**ENTRY, "ReferenceId": "R", "distributionPriority": "Normal", "maxAttempts": 10, "attemptTimeoutInSeconds": 30,
       "maxQueueTimeInSeconds": 3600, "ronaTimeoutInSeconds": 5, "customCallContextParameters": PARAMETERS_IN,
       "customer": CUSTOMER_IN}],
     ("POST", "/v1/scheduler-entries", "",
      {**ENTRY, "ReferenceId": "R", "distributionPriority": "Normal", "maxAttempts": 10, "attemptTimeoutInSeconds": 30,
       "maxQueueTimeInSeconds": 3600, "ronaTimeoutInSeconds": 5, "customCallContextParameters": PARAMETERS,
       "customer": CUSTOMER}), {"schedulerEntryId": "s1"}, {"schedulerEntryId": "s1"}),
    ("nimbus.scheduler.create", [{**ENTRY, "dueDateTimeUtc": 1764577800}],
     ("POST", "/v1/scheduler-entries", "", {**ENTRY, "dueDateTimeUtc": "2025-12-01T08:30:00Z"}), {"schedulerEntryId": "2"},
     {"schedulerEntryId": "2"}),
    ("nimbus.scheduler.update", [{"SchedulerEntryID": "s/1", **ENTRY}],
     ("PUT", "/v1/scheduler-entries/s%2F1", "", ENTRY), {"schedulerEntryId": "s/1"}, {"schedulerEntryId": "s/1"}),
    ("nimbus.scheduler.remove", [{"SchedulerEntryID": "s1", "confirm": True}],
     ("DELETE", "/v1/scheduler-entries/s1", "", None), None, None),
    ("nimbus.outbound.create", [{**ENTRY, "ReferenceId": "R", "maxAttempts": 1, "attemptTimeoutInSeconds": 86400,
                                 "customCallContextParameters": PARAMETERS_IN, "customer": CUSTOMER_IN}],
     ("POST", "/v1/outbound-call-with-workflow/scheduler-entries", "",
      {**ENTRY, "ReferenceId": "R", "maxAttempts": 1, "attemptTimeoutInSeconds": 86400,
       "customCallContextParameters": PARAMETERS, "customer": CUSTOMER}), {"schedulerEntryId": "o1"}, {"schedulerEntryId": "o1"}),
    ("nimbus.outbound.update", [{"SchedulerEntryID": "o1", **ENTRY}],
     ("PUT", "/v1/outbound-call-with-workflow/scheduler-entries/o1", "", ENTRY), {"schedulerEntryId": "o1"},
     {"schedulerEntryId": "o1"}),
    ("nimbus.address_books.list", [{"refresh": True}], ("GET", "/v2/AddressBooks", "", None), BOOKS, BOOKS),
    ("nimbus.address_books.empty", ["Customers", {"confirm": True}], ("POST", BOOK + "/clear", "", None), None, None),
    ("nimbus.contacts.get", ["Customers", {"externalIds": ["1", "2,3"]}],
     ("GET", BOOK, "externalIds=1,2%2C3", None), [CONTACT], [CONTACT]),
    ("nimbus.contacts.get", [{"AddressBook": "book 1", "refresh": True}], ("GET", BOOK, "", None), [CONTACT], [CONTACT]),
    ("nimbus.contacts.add", [{"AddressBook": "Customers", **CONTACT, "customFields": {"Level": "gold"}}],
     ("POST", BOOK, "", CONTACT), CONTACT, CONTACT),
    ("nimbus.contacts.update", [{"AddressBook": "book 1", "externalId": "42", "lastName": "Favre-Bulle"}],
     ("PUT", BOOK, "", {"externalId": "42", "lastName": "Favre-Bulle"}), CONTACT, CONTACT),
    ("nimbus.contacts.remove", [{"AddressBook": "Customers", "externalIds": ["1", "ü"], "confirm": True}],
     ("POST", BOOK + "/delete", "", ["1", "ü"]), None, None),
    ("nimbus.contacts.find", ["Customers", "lastName", "FAVRE", {"refresh": True}], ("GET", BOOK, "", None),
     [CONTACT], CONTACT),
    ("nimbus.assistant.data", [{"serviceSessionId": "s 1", "dataType": "Summarization", "userSessionId": "u1"}],
     ("GET", "/v1/virtual-assistant/s%201/transcriptionData/Summarization", "userSessionId=u1", None),
     {"Title": "x"}, {"Title": "x"}),
    ("nimbus.opening_hours", [SERVICE], ("GET", HOURS, "serviceUpn=support%40contoso.example", None), "Open", "Open"),
    ("nimbus.opening_hours", [SERVICE, {"time": "2026-12-24T18:00:00Z"}],
     ("GET", HOURS, "serviceUpn=support%40contoso.example&time=2026-12-24T18%3A00%3A00Z", None), "Holiday", "Holiday"),
    ("nimbus.lookups.test_connection", [], ("GET", "/v1/diagnostics/testconnection", "", None), None, True),
]
for _action, _path in (
        ("task_services", "/v1/tasks/service-contacts"), ("task_events", "/v1/tasks/events"),
        ("modalities", "/v1/tasks/modalities"), ("directions", "/v1/tasks/directions"),
        ("preferred_users", "/v1/tasks/users-for-preferred-routing"),
        ("scheduler_services", "/v1/scheduler-entries/service-contacts"), ("scheduler_events", "/v1/scheduler-entries/events"),
        ("scheduler_priorities", "/v1/scheduler-entries/distribution-priorities"),
        ("external_task_services", "/v1/ExternalTasks/service-contacts"),
        ("external_task_priorities", "/v1/ExternalTasks/distribution-priorities")):
    _answer = LISTS.get(_path, [{"name": "Normal", "value": "3"}])
    CASES.append(("nimbus.lookups." + _action, [{"refresh": True}], ("GET", _path, "", None), _answer, _answer))

# Refused before anything is sent: (action, arguments, kind, words)
REFUSED = [
    ("nimbus.scheduler.create", [{**ENTRY, "dueDateTimeUtc": "tomorrow"}], "argument", "dueDateTimeUtc: is no time in UTC"),
    ("nimbus.scheduler.create", [{**ENTRY, "serviceUpn": "support"}], "argument", "serviceUpn: is no UPN"),
    ("nimbus.scheduler.create", [{**ENTRY, "maxAttempts": 11}], "argument", "maxAttempts: is 11; allowed are 1 to 10"),
    ("nimbus.scheduler.create", [{**ENTRY, "referenceId": "x"}], "argument", "did you mean 'ReferenceId'?"),
    ("nimbus.scheduler.create", [{"serviceUpn": SERVICE}], "argument", "dueDateTimeUtc: is missing"),
    ("nimbus.outbound.create", [{**ENTRY, "ronaTimeoutInSeconds": 20}], "argument", "unknown field 'ronaTimeoutInSeconds'"),
    ("nimbus.tasks.update", [{"taskId": "t"}], "argument", "there is nothing to send"),
    ("nimbus.tasks.update", [{"taskId": "t", "customer": {"telNumbers": [{"name": "a"}, {"name": "b", "value": "<b>1</b>"}]}}],
     "argument", "customer.telNumbers[2].value: markup is not allowed"),
    ("nimbus.contacts.add", [{"AddressBook": "Customers", "externalId": "1", "firstName": "ü" * 65}], "argument",
     "firstName: is 65 characters long; at most 64"),
    ("nimbus.contacts.remove", [{"AddressBook": "Customers", "externalIds": [], "confirm": True}], "argument",
     "externalIds: has 0 items; at least 1"),
    ("nimbus.address_books.empty", ["Customers"], "denied", 'permissions = { "nimbus.address_books.empty" }'),
    ("nimbus.address_books.empty", ["Customers", {"confirm": False}], "denied", "say confirm = true"),
    ("nimbus.contacts.remove", [{"AddressBook": "Customers", "externalIds": ["1"]}], "denied", "nimbus.contacts.remove destroys"),
    ("nimbus.external_tasks.remove", [{"externalTaskId": "1"}], "denied", "confirm = true"),
    ("nimbus.scheduler.remove", [{"SchedulerEntryID": "1"}], "denied", "confirm = true"),
    ("nimbus.contacts.get", ["Custmers"], "not-found", "did you mean 'Customers'?"),
    ("nimbus.contacts.get", ["Twin"], "argument", "2 address books have the name 'Twin'"),
    ("nimbus.contacts.find", ["Customers", "mobilePhone", "1"], "argument", "did you mean 'mobilePhones'?"),
]


class Case(unittest.TestCase):
    number = 0

    @classmethod
    def setUpClass(cls):
        cls.nimbus = Nimbus()
        cls.host = Host(cls.nimbus.url, flows={"calls.lua": CALLER}, 
                        tenant="request_timeout: 2s\nretry_times: 3\nbreaker_failures: 0\n").start()

    @classmethod
    def tearDownClass(cls):
        status = cls.host.end()
        cls.nimbus.close()
        cls.host.remove()
        assert status == 0, cls.host.program.errors

    def setUp(self):
        self.nimbus.answers = {("GET", "/v2/AddressBooks"): (200, BOOKS)}
        self.nimbus.requests.clear()

    def tearDown(self):
        self.nimbus.answer = None

    def begin(self, *calls, modality="Audio"):
        """Start a run with these calls, one after the other; the id of its task."""
        Case.number += 1
        task = f"{type(self).__name__}-{Case.number}"
        message = json.dumps([{"action": action, "args": list(args)} for action, *args in calls])
        fields = {"initialMessage": message, "modality": modality}
        url = next(r["config"]["url"] for r in self.nimbus.registered if modality in r["config"]["modalities"])
        self.assertEqual(202, post(url, event(task, **fields))[0])
        return task

    def calls(self, *calls, **options):
        """What the flow got from these calls."""
        run = self.host.run_of(self.begin(*calls, **options))
        self.assertEqual("done", run["outcome"], run)
        return run["result"]

    def call(self, action, *args, **options):
        return self.calls((action, *args), **options)[0]


class Requests(Case):
    def test_every_case(self):
        for action, args, (method, path, query, body), answer, result in CASES:
            with self.subTest(action=action, args=args):
                self.nimbus.answers[method, path] = (200, answer)
                self.nimbus.requests.clear()
                got = self.call(action, *args)
                self.assertTrue(got["ok"], got)
                self.assertEqual(result, got.get("result"))
                sent = b"" if body is None else json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
                self.assertEqual([(method, path, query, sent)], self.nimbus.seen(method, path))

    def test_requests_are_as_described(self):
        for definition in definitions():
            known = 0
            for _, _, (method, path, _, body), _, _ in CASES:
                for described in definition.root["paths"]:
                    same = re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", described), path)
                    if same and method.lower() in definition.root["paths"][described]:
                        schema = definition.request_schema(method, described)
                        self.assertEqual([], definition.errors(schema, body) if schema else [], path)
                        self.assertEqual(schema is None, body is None, path)
                        known += 1
            self.assertGreater(known, 5)

    def test_every_action_has_a_case(self):
        done = self.host.command("run", "--json", "--script", self.script("""
            local names = {}
            for area, module in pairs(nimbus) do
              if type(module) == "table" then
                for name in pairs(module) do names[#names + 1] = "nimbus." .. area .. "." .. name end
              elseif not area:find("^on_") then
                names[#names + 1] = "nimbus." .. area
              end
            end
            return names"""))
        self.assertEqual(sorted(json.loads(done.stdout)["result"]), sorted({case[0] for case in CASES}))

    def script(self, source):
        self.host.write("script.lua", source)
        return self.host.dir + "/script.lua"

    def test_what_is_refused_is_not_sent(self):
        for action, args, kind, words in REFUSED:
            with self.subTest(action=action, args=args):
                self.nimbus.requests.clear()
                got = self.call(action, *args)
                self.assertEqual((False, kind), (got["ok"], got.get("kind")), got)
                self.assertIn(words, got["message"])
                self.assertRegex(got["where"], r"flows/calls.lua:\d+")
                self.assertLessEqual({request[1] for request in self.nimbus.requests}, {"/v2/AddressBooks"})

    def test_markup_has_a_hint(self):
        got = self.call("nimbus.contacts.add", {"AddressBook": "Customers", "externalId": "1", "company": "A\u0007"})
        self.assertEqual("text.plain", got["hint"])

    def test_a_permission_in_the_trigger_is_enough(self):
        self.nimbus.answers["POST", BOOK + "/clear"] = (200, None)
        self.assertTrue(self.call("nimbus.address_books.empty", "Customers", modality="Email")["ok"])
        got = self.call("nimbus.scheduler.remove", {"SchedulerEntryID": "1"}, modality="Email")
        self.assertEqual("denied", got["kind"])

    def test_a_permission_must_be_the_name_of_an_action_that_destroys(self):
        for name, words in (("nimbus.address_books.emty", "did you mean 'nimbus.address_books.empty'"),
                            ("nimbus.tasks.update", "unknown permission 'nimbus.tasks.update'")):
            self.host.write("wrong.lua", CALLER.replace("nimbus.contacts.remove", name))
            done = self.host.command("check", self.host.dir + "/wrong.lua")
            self.assertEqual(1, done.returncode)
            self.assertIn(words, done.stdout + done.stderr)

    def test_an_answer_that_is_a_bare_word(self):
        def bare(handler, _):
            if not handler.path.startswith(HOURS):
                return False
            handler.send_response(200)
            handler.send_header("Content-Length", "6")
            handler.end_headers()
            handler.wfile.write(b"Closed")
            return True
        self.nimbus.answer = bare
        self.assertEqual("Closed", self.call("nimbus.opening_hours", SERVICE)["result"])


class Failures(Case):
    """One action of each class, for each way that Nimbus can fail."""
    UNSAFE = ("nimbus.scheduler.create", ENTRY)
    SAFE = ("nimbus.scheduler.update", {"SchedulerEntryID": "1", **ENTRY})
    READ = ("nimbus.scheduler.list", {"serviceUpn": SERVICE})

    def failing(self, call, answer):
        """What the flow got, and how many requests came, when each of them is answered by `answer`."""
        self.nimbus.requests.clear()
        self.nimbus.answer = lambda handler, _: "/scheduler-entries" in handler.path and answer(handler)
        got = self.call(*call)
        return got, len([r for r in self.nimbus.requests if "/scheduler-entries" in r[1]])

    @staticmethod
    def status(number):
        def answer(handler):
            handler.reply(number, {"detail": "secret"})
            return True
        return answer

    @staticmethod
    def cut(handler):
        handler.close_connection = True
        return True

    def test_refusals(self):
        for number, kind in ((400, "argument"), (401, "sign-in"), (403, "denied"), (404, "not-found")):
            for call in (self.UNSAFE, self.SAFE, self.READ):
                got, tries = self.failing(call, self.status(number))
                self.assertEqual((kind, number, False, 1), (got["kind"], got["status"], got["retryable"], tries), got)
                self.assertIn(call[0], got["message"])
                self.assertNotIn("secret", got["message"])

    def test_what_creates_is_never_just_repeated(self):
        for answer, words in ((self.status(504), "answered 504"), (self.status(500), "answered 500"),
                              (self.cut, "closed before the answer")):
            self.nimbus.requests.clear()
            self.nimbus.answer = lambda handler, _, do=answer: "/scheduler-entries" in handler.path and do(handler)
            task = self.begin(self.UNSAFE)
            held = wait_until(lambda: self.newest(task).get("held"), 60, "a held run")
            self.assertIn(words, held["reason"])
            self.assertIn("it could not be looked up", held["reason"])
            self.assertEqual(1, len(self.nimbus.seen("POST", "/v1/scheduler-entries")))

    def newest(self, task):
        runs = self.host.runs()
        run = self.host.show(runs[0]["id"]) if runs else {}
        return run if run and run["event_body"]["taskId"] == task else {}

    def test_what_is_safe_is_repeated(self):
        for call, kind in ((self.SAFE, "unknown-outcome"), (self.READ, "server")):
            got, tries = self.failing(call, self.status(504))
            self.assertEqual((kind, True, 3), (got["kind"], got["retryable"], tries), got)

    def test_what_was_not_taken_is_sent_again(self):
        def once(handler):
            if len(self.nimbus.seen("POST", "/v1/scheduler-entries")) > 1:
                handler.reply(200, {"schedulerEntryId": "1"})
            else:
                handler.reply(429, None, [("Retry-After", "0")])
            return True
        got, tries = self.failing(self.UNSAFE, once)
        self.assertEqual((True, 2), (got["ok"], tries), got)


class Kept(Case):
    LIST = "/v1/tasks/users-for-preferred-routing"

    def test_a_look_up_is_kept(self):
        self.nimbus.answers["GET", self.LIST] = (200, ["a@contoso.example"])
        first, second, third = self.calls(("nimbus.lookups.preferred_users", {"refresh": True}),
                                          ("nimbus.lookups.preferred_users",),
                                          ("nimbus.lookups.preferred_users", {"refresh": True}))
        self.assertEqual([["a@contoso.example"]] * 3, [got["result"] for got in (first, second, third)])
        self.assertEqual([2] * 3, [got["n"] for got in (first, second, third)])
        self.assertLessEqual(first["second"], second["second"])
        self.assertLess(second["second"], 60)
        self.assertEqual(2, len(self.nimbus.seen("GET", self.LIST)))

    def test_a_refusal_is_not_kept(self):
        path = "/v1/scheduler-entries/service-contacts"
        self.nimbus.answers["GET", path] = (403, None)
        self.assertEqual("denied", self.call("nimbus.lookups.scheduler_services", {"refresh": True})["kind"])
        self.nimbus.answers["GET", path] = (200, [SERVICE])
        self.assertEqual([SERVICE], self.call("nimbus.lookups.scheduler_services")["result"])

    def test_contacts_are_found_in_any_field(self):
        other = {"externalId": "43", "lastName": "Müller", "mobilePhones": ["079 123 45 68", "+41 79 123 45 68"],
                 "homePhones": ["0041791234567"]}
        self.nimbus.answers["GET", BOOK] = (200, [CONTACT, other, {"externalId": "44"}])
        find = "nimbus.contacts.find"
        got = self.calls((find, "Customers", "phones", "079 123 45 67", {"refresh": True}),
                         (find, "Customers", "mobilePhones", "0041 79 1234568"),
                         (find, "Customers", "lastName", "mÜLLER"),
                         (find, "Customers", "emailAddresses", "Zoe@Northwind.example"),
                         (find, "Customers", "externalId", 44),
                         (find, "book 1", "externalId", "nobody"),
                         (find, "Customers", "externalId"))
        ids = [(g.get("result") or {}).get("externalId") for g in got]
        self.assertEqual(["42", "43", "43", "42", "44", None, None], ids, got)
        self.assertEqual([2, 1, 1, 1, 1, 0, 0], [g["second"] for g in got])
        self.assertEqual(1, len(self.nimbus.seen("GET", BOOK)))

    def test_a_change_of_ours_is_seen_at_once(self):
        self.nimbus.answers["POST", BOOK + "/delete"] = (504, None)
        for write in (("nimbus.contacts.add", {"AddressBook": "Customers", "externalId": "1"}),
                      ("nimbus.contacts.update", {"AddressBook": "Customers", "externalId": "1"}),
                      ("nimbus.contacts.remove", {"AddressBook": "book 1", "externalIds": ["1"], "confirm": True}),
                      ("nimbus.address_books.empty", "Customers", {"confirm": True})):
            self.nimbus.answers["GET", BOOK] = (200, [CONTACT])
            find = ("nimbus.contacts.find", "Customers", "externalId", "42")
            self.assertEqual("42", self.calls((*find, {"refresh": True}), find)[1]["result"]["externalId"])
            self.nimbus.answers["GET", BOOK] = (200, [])
            got = self.calls(write, find)
            self.assertIsNone(got[1].get("result"), write)

    def test_a_large_book_is_found_in_but_not_given_whole(self):
        book = [{"externalId": str(i), "displayName": f"Contact number {i} " + "x" * 60, "mobilePhones": [f"+4179{i:07d}"]}
                for i in range(30000)]
        self.nimbus.answers["GET", BOOK] = (200, book)
        got = self.calls(("nimbus.contacts.find", "Customers", "mobilePhones", "079 001 23 45", {"refresh": True}),
                         ("nimbus.contacts.find", "Customers", "externalId", "29999"),
                         ("nimbus.contacts.get", "Customers"))
        self.assertEqual(["12345", "29999"], [g["result"]["externalId"] for g in got[:2]])
        self.assertEqual("limit", got[2]["kind"])
        self.assertIn("nimbus.contacts.find", got[2]["message"])
        self.assertEqual(1, len(self.nimbus.seen("GET", BOOK)))

    def test_a_new_address_book_is_found_by_name(self):
        self.assertEqual("not-found", self.call("nimbus.contacts.get", "New")["kind"])
        self.nimbus.answers["GET", "/v2/AddressBooks"] = (200, BOOKS + [{"name": "New", "id": "n"}])
        self.nimbus.answers["GET", "/v2/AddressBooks/n/contacts"] = (200, [])
        self.assertTrue(self.call("nimbus.contacts.get", "New")["ok"])

    def test_what_is_no_list_of_contacts(self):
        for answer in ({"contacts": []}, [1], "x", None):
            self.nimbus.answers["GET", BOOK] = (200, answer)
            got = self.call("nimbus.contacts.find", "Customers", "externalId", "1", {"refresh": True})
            self.assertEqual("protocol", got.get("kind"), (answer, got))


HURRIED = """
nimbus.on_task {
  name = "hurried", services = { "support@contoso.example" }, events = { "SystemAccepted" }, limits = { wall = "1s" },
  run = function(task) return nimbus.contacts.find("Customers", "externalId", "42").externalId end,
}
"""


class Hurried(unittest.TestCase):
    def test_a_run_that_ends_while_it_waits_leaves_the_answer_to_the_next(self):
        nimbus, go_on = Nimbus(), threading.Event()
        nimbus.answers = {("GET", "/v2/AddressBooks"): (200, BOOKS), ("GET", BOOK): (200, [CONTACT])}

        def hang(handler, _):
            if handler.path == BOOK:
                go_on.wait(60)
            return False
        nimbus.answer = hang
        host = Host(nimbus.url, flows={"hurried.lua": HURRIED}).start()
        try:
            post(nimbus.callback(), event("first"))
            self.assertEqual("over-time", host.run_of("first")["outcome"])
            go_on.set()
            for task in ("second", "third"):
                post(nimbus.callback(), event(task))
                self.assertEqual("42", host.run_of(task)["result"])
            self.assertEqual(1, len(nimbus.seen("GET", BOOK)))
        finally:
            go_on.set()
            self.assertEqual(0, host.end())
            nimbus.close()
            host.remove()


if __name__ == "__main__":
    unittest.main()
