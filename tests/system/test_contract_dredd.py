# SPDX-License-Identifier: Apache-2.0
"""The simulator answers every operation of the description of the API as dredd, which nobody here wrote, expects it.

dredd reads Swagger 2 and wants an example for every parameter and body, and only the good answers; so it is given a copy made from
the project's own description and, with NIMBUS_DEFINITION=path, from the published one. Another npm package says whether such a
copy, and the published definition itself, are valid Swagger.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import node
from simulator import Simulator

SOURCE = pathlib.Path(__file__).resolve().parents[2]
METHODS = ("get", "put", "post", "delete")
SERVICE = "support@contoso.example"
CALL = {"serviceUpn": SERVICE, "destination": "+41790000000", "dueDateTimeUtc": "2030-01-01T00:00:00Z"}
CONTACT = {"externalId": "dredd-1", "displayName": "A contact"}


class World:
    """Things in the simulator that requests can name."""

    def __init__(self, sim):
        self.sim = sim
        self.task = sim.call(service=SERVICE, **{"from": "+41791234567"}, timeline={"terminated": None})

    def new(self, path, body):
        status, headers, text = self.sim.raw("POST", path, body)
        assert status in (200, 201), (path, status, text)
        return headers.get("Location", "").rsplit("/", 1)[-1] or next(
            value for name, value in json.loads(text).items() if name in ("id", "schedulerEntryId"))

    def body(self, path):
        config = {"url": "https://callback.example/x", "services": [SERVICE]}
        if path.endswith("/triggers/tasks"):
            return {"config": dict(config, taskEvents=["SystemAccepted"])}
        if path.endswith("/triggers/scheduler-entries"):
            return {"config": dict(config, schedulerEntryEvents=["Completed"])}
        if path.endswith("/triggers/virtual-assistant"):
            return {"config": config}
        if "scheduler-entries" in path:
            return CALL
        if path.endswith("/contacts/delete"):
            return ["dredd-1"]
        if path.endswith("/contacts"):
            return CONTACT
        if path.endswith("ExternalTasks"):
            return {"serviceUpn": SERVICE, "customerIdentifier": "C-1"}
        return {"customer": {"firstName": "Ada"}}

    def value(self, path, name):
        """A value for a parameter of the path."""
        if name == "triggerId":
            kind = path[:path.index("/{")]
            return self.new(kind, self.body(kind))
        if name == "SchedulerEntryID":
            kind = path[:path.index("/{")]
            return self.new(kind, CALL)
        if name == "externalTaskId":
            return self.new("/v1/ExternalTasks", self.body("/v1/ExternalTasks"))
        if name == "AddressBook":
            return json.loads(self.sim.raw("GET", "/v2/AddressBooks")[2])[0]["id"]
        if name in ("serviceUpn",):
            return SERVICE
        return {"taskId": self.task, "time": "2026-12-25T10:00:00Z", "externalIds": "dredd-1"}.get(name)


def swagger_of(definition):
    """The same as Swagger 2, if it is OpenAPI 3."""
    if "swagger" in definition:
        return definition
    text = json.dumps({"paths": definition["paths"], "definitions": definition["components"]["schemas"]})
    made = json.loads(text.replace("#/components/schemas/", "#/definitions/"))
    for operations in made["paths"].values():
        for operation in operations.values():
            body = operation.pop("requestBody", None)
            for parameter in operation.get("parameters", []):
                parameter.update(parameter.pop("schema", {}))
            if body:
                schema = body["content"]["application/json"]["schema"]
                operation.setdefault("parameters", []).append({"in": "body", "name": "body", "required": True, "schema": schema})
            for answer in operation["responses"].values():
                content = answer.pop("content", {}).get("application/json")
                answer.pop("headers", None)
                if content:
                    answer["schema"] = content["schema"]
    return {"swagger": "2.0", "info": {"title": "Nimbus", "version": "1"}, "consumes": ["application/json"],
            **made}


def copy_for_dredd(definition, world):
    """Only the operations with their good answers, with examples; how many."""
    made = swagger_of(definition)
    made.pop("securityDefinitions", None)
    made.pop("security", None)
    made.pop("produces", None)
    count = 0
    for path, operations in list(made["paths"].items()):
        if "virtual-assistant/" in path and "triggers" not in path:
            del made["paths"][path]  # needs the session of a call whose agent has hung up: tests/system/test_sim_entries.py
            continue
        for method in [name for name in operations if name not in METHODS]:
            del operations[method]
        for method, operation in operations.items():
            count += 1
            operation.pop("security", None)
            operation["responses"] = {k: v for k, v in operation["responses"].items() if k.startswith("2")}
            described = any("schema" in answer for answer in operation["responses"].values())
            operation["produces"] = ["application/json; charset=utf-8"] if described else []  # as it is sent, to the letter
            kept = []
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "body":
                    parameter["schema"] = {"allOf": [parameter["schema"]], "example": world.body(path)}
                elif world.value(path, parameter["name"]) is None:
                    assert not parameter.get("required"), (path, parameter["name"])
                    continue
                else:
                    value = world.value(path, parameter["name"])
                    parameter["x-example"] = [value] if parameter.get("type") == "array" else value
                kept.append(parameter)
            operation["parameters"] = kept
    return made, count


class Dredd(unittest.TestCase):
    def judge(self, path):
        folder = node.install("dredd", "14.1.0")
        sim = Simulator()
        try:
            with open(path, encoding="utf-8") as file, tempfile.TemporaryDirectory() as work:
                # formats like int32 are none of its schema language
                plain = json.load(file, object_hook=lambda o: {k: v for k, v in o.items() if k != "format" or not isinstance(v, str)})
                made, count = copy_for_dredd(plain, World(sim))
                copy = os.path.join(work, "api.json")
                with open(copy, "w", encoding="utf-8") as out:
                    json.dump(made, out)
                done = subprocess.run(["node", os.path.join(folder, "node_modules/dredd/bin/dredd"), copy, sim.url, "--header",
                                       "Authorization: Bearer " + Simulator.TOKEN, "--loglevel", "warning"], cwd=work,
                                      capture_output=True, text=True, timeout=240, check=False)
            self.assertIn(f"{count} passing, 0 failing, 0 errors", done.stdout, done.stdout + done.stderr)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
            return count
        finally:
            sim.end()

    def test_by_the_own_description(self):
        self.assertEqual(33, self.judge(SOURCE / "docs/nimbus-api.json"))

    @unittest.skipUnless(os.environ.get("NIMBUS_DEFINITION"), "NIMBUS_DEFINITION is not set")
    def test_by_the_published_definition(self):
        self.assertEqual(28, self.judge(os.environ["NIMBUS_DEFINITION"]))


class Valid(unittest.TestCase):
    def valid(self, path):
        folder = node.install("@apidevtools/swagger-parser", "10.1.1")
        done = subprocess.run(["node", "-e", "require('@apidevtools/swagger-parser').validate(process.argv[1])"
                               ".then(() => console.log('valid'), (e) => console.log(e.message))", str(path)],
                              cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual("valid", done.stdout.strip(), done.stderr)

    def test_the_own_description(self):
        self.valid(SOURCE / "docs/nimbus-api.json")

    @unittest.skipUnless(os.environ.get("NIMBUS_DEFINITION"), "NIMBUS_DEFINITION is not set")
    def test_the_published_definition(self):
        self.valid(os.environ["NIMBUS_DEFINITION"])


if __name__ == "__main__":
    unittest.main()
