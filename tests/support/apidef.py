# SPDX-License-Identifier: Apache-2.0
"""Requests and answers checked against a description of an API: OpenAPI 3 or Swagger 2, as JSON."""
import json
import os


class Definition:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.root = json.load(file)

    def schema(self, name):
        """A named schema, e.g. "TaskEventData"."""
        return (self.root.get("definitions") or self.root["components"]["schemas"])[name]

    def _resolve(self, schema):
        while "$ref" in schema:
            found = self.root
            for part in schema["$ref"].lstrip("#/").split("/"):
                found = found[part]
            schema = found
        return schema

    def operation(self, method, path):
        return self.root["paths"][path][method.lower()]

    def has(self, method, path):
        return method.lower() in self.root["paths"].get(path, {})

    def request_schema(self, method, path):
        operation = self.operation(method, path)
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "body":
                return parameter["schema"]
        content = operation.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("schema")

    def answer_errors(self, method, path, status, text):
        """What is wrong with an answer; [] when it conforms."""
        responses = self.operation(method, path)["responses"]
        if str(status) not in responses and ("default" not in responses or status < 400):
            return [f"status {status} is not described"]
        answer = responses.get(str(status), {})
        schema = answer.get("schema") or answer.get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            return ["a body where none is described"] if text and status < 400 else []
        return self.errors(schema, json.loads(text))

    def errors(self, schema, value, where="$"):
        """What is wrong with a value; also fields that the description does not have."""
        schema = self._resolve(schema)
        kinds = {"string": str, "array": list, "object": dict, "boolean": bool, "integer": int}
        kind = schema.get("type")
        if kind and (not isinstance(value, kinds[kind]) or (kind == "integer" and isinstance(value, bool))):
            return [f"{where}: {value!r} is not of type {kind}"]
        found = []
        if kind == "object":
            properties = schema.get("properties", {})
            found += [f"{where}: '{name}' is missing" for name in schema.get("required", []) if name not in value]
            for name, item in value.items():
                found += (self.errors(properties[name], item, f"{where}.{name}") if name in properties
                          else [f"{where}: '{name}' is not described"])
        if "enum" in schema and value not in schema["enum"]:
            found.append(f"{where}: {value!r} is none of {schema['enum']}")
        if kind == "array":
            if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 1 << 30):
                found.append(f"{where}: {len(value)} items")
            for i, item in enumerate(value):
                found += self.errors(schema["items"], item, f"{where}[{i}]")
        if kind == "integer" and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            found.append(f"{where}: {value} is out of range")
        return found


def definitions():
    """Our own description, and the published one when NIMBUS_DEFINITION names it."""
    source = os.environ.get("NF_SOURCE", ".")
    published = os.environ.get("NIMBUS_DEFINITION")
    paths = [os.path.join(source, "docs/nimbus-api.json"), published]
    return [Definition(path) for path in paths if path and os.path.exists(path)]
