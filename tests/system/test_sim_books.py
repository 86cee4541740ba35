# SPDX-License-Identifier: Apache-2.0
"""The simulator's address books: contacts, their limits, and a book as full as the vendor recommends at most."""
import http.client
import json
import time
import unittest
import urllib.parse

from simulator import Simulator
from test_sim_api import Case

BOOK = "/v2/AddressBooks/zurich/contacts"
DESCRIBED = "/v2/AddressBooks/{AddressBook}/contacts"
FULL = {"externalId": "é" * 128, "firstName": "ü" * 64, "lastName": "x" * 64, "displayName": "x" * 256, "initials": "x" * 16,
        "company": "x" * 64, "department": "x" * 64, "jobTitle": "x" * 128, "userPrincipalName": "x" * 128,
        "imAddresses": ["x" * 128] * 10, "emailAddresses": ["x" * 128] * 10, "businessPhones": ["1" * 32] * 10,
        "mobilePhones": ["1" * 32] * 10, "homePhones": ["1" * 32] * 10,
        "addresses": [{"street": "x" * 1024, "city": "x" * 128, "country": "x" * 128, "state": "x" * 128,
                       "postalCode": "x" * 40}] * 10,
        "customFields": [{"name": "x" * 64, "value": "x" * 1024}] * 20}


class Contacts(Case):
    def tearDown(self):
        self.sim.raw("POST", BOOK + "/clear")
        super().tearDown()

    def add(self, expected=200, **contact):
        return json.loads(self.check("POST", BOOK, DESCRIBED, expected, contact)[1])

    def get(self, *ids, book=BOOK):
        query = "?externalIds=" + ",".join(urllib.parse.quote(i) for i in ids) if ids else ""
        return json.loads(self.check("GET", book + query, DESCRIBED, 200)[1])

    def test_books(self):
        books = json.loads(self.check("GET", "/v2/AddressBooks", "/v2/AddressBooks", 200)[1])
        self.assertIn({"name": "Zurich", "id": "zurich"}, books)
        self.assertEqual(self.get("c-1", book="/v2/AddressBooks/company/contacts")[0]["displayName"], "Ada Muster")

    def test_life_of_a_contact(self):
        made = self.add(externalId="a/1", firstName="Ada", mobilePhones=["+41791234567"], unknown="is ignored")
        self.assertEqual(made, {"externalId": "a/1", "firstName": "Ada", "mobilePhones": ["+41791234567"]})
        self.add(externalId="b", lastName="Berg")
        self.assertEqual([c["externalId"] for c in self.get()], ["a/1", "b"])
        self.assertEqual(self.get("b", "nobody", "a/1"), [{"externalId": "b", "lastName": "Berg"}, made])
        changed = {"externalId": "b", "company": "Example AG"}
        self.assertEqual(json.loads(self.check("PUT", BOOK, DESCRIBED, 200, changed)[1]), changed)
        self.assertEqual(self.get("b"), [changed])
        self.check("PUT", BOOK, DESCRIBED, 404, {"externalId": "nobody"})
        self.assertEqual(self.check("POST", BOOK + "/delete", DESCRIBED + "/delete", 200, ["b", "nobody"])[1], "")
        self.assertEqual(self.get(), [made])
        self.assertEqual(self.check("POST", BOOK + "/clear", DESCRIBED + "/clear", 200)[1], "")
        self.assertEqual(self.get(), [])

    def test_everything_at_its_limit_and_one_beyond(self):
        self.assertEqual(self.add(**FULL), FULL)
        for name, value in FULL.items():
            if isinstance(value, str):
                self.assertIn(name, self.add(400, **{**FULL, name: value + "x"})["error"])
                continue
            self.assertIn(name, self.add(400, **{**FULL, name: value + value[:1]})["error"])
            longer = ([{k: v + "x" for k, v in value[0].items()}] if isinstance(value[0], dict) else [value[0] + "x"])
            self.assertIn(name + "[0]", self.add(400, **{**FULL, name: longer})["error"])

    def test_wrong_bodies(self):
        for body, word in (({}, "externalId is missing"), ({"externalId": ""}, "empty"), ({"externalId": 1}, "externalId"),
                           ([], "object"), ({"externalId": "a", "mobilePhones": "1"}, "mobilePhones"),
                           ({"externalId": "a", "customFields": [{"value": "x"}]}, "customFields[0].name is missing")):
            self.assertIn(word, json.loads(self.check("POST", BOOK, DESCRIBED, 400, body)[1])["error"])
        self.check("POST", BOOK + "/delete", DESCRIBED + "/delete", 400, {"a": 1})
        self.check("POST", BOOK + "/delete", DESCRIBED + "/delete", 400, [1])
        self.check("GET", "/v2/AddressBooks/nothing/contacts", DESCRIBED, 404)

    def test_the_pages_search_leaves_custom_fields_out(self):
        self.add(externalId="s1", firstName="Quirin", customFields=[{"name": "n", "value": "Zebra"}])
        def search(text):
            return [f["contact"]["externalId"] for f in json.loads(
                self.sim.raw("GET", "/sim/contacts?text=" + urllib.parse.quote(text))[2])]
        self.assertEqual((search("quiri"), search("zebra")), (["s1"], []))


class Large(unittest.TestCase):
    COUNT = 65000

    def test_65000_contacts(self):
        sim = Simulator()
        try:
            link = http.client.HTTPConnection(sim.url[len("http://"):], timeout=120)
            headers = {"authorization": "Bearer " + sim.TOKEN, "content-type": "application/json"}

            def ask(method, path, body=None):
                link.request(method, path, body=json.dumps(body) if body is not None else None, headers=headers)
                answer = link.getresponse()
                text = answer.read()
                self.assertEqual(answer.status, 200, text[:200])
                return text
            start = time.monotonic()
            for i in range(self.COUNT):
                ask("POST", BOOK, {"externalId": f"id-{i}", "displayName": f"Person {i}", "mobilePhones": [f"+4179{i:07}"]})
            added = time.monotonic()
            self.assertEqual(len(json.loads(ask("GET", BOOK))), self.COUNT)
            read = time.monotonic()
            self.assertEqual(json.loads(ask("GET", BOOK + "?externalIds=id-64999"))[0]["displayName"], "Person 64999")
            found = json.loads(ask("GET", "/sim/contacts?text=%2B41790064123"))
            self.assertEqual([f["contact"]["externalId"] for f in found], ["id-64123"])
            searched = time.monotonic()
            ask("POST", BOOK + "/delete", [f"id-{i}" for i in range(1, self.COUNT)])
            self.assertEqual(len(json.loads(ask("GET", BOOK))), 1)
            print(f"{self.COUNT} contacts: added in {added - start:.1f} s, read in {read - added:.2f} s, "
                  f"searched in {searched - read:.3f} s, removed in {time.monotonic() - searched:.2f} s")
            link.close()
        finally:
            sim.end()


if __name__ == "__main__":
    unittest.main()
