"""Mass assignment: no write takes a field that its document does not name."""

from typing import Any

import pytest

from tests.contract.test_openapi import described

# SenML (RFC 8428 section 4.4): unknown labels are passed over, but for those ending in "_".
FREE = {("post", "/api/v1/observations")}
# What a gateway's list has of a text: providers add fields, which are passed over; the whole body is signed.
FREE |= {("post", "/api/v1/notices/reports")}
# What an authenticator answers (WebAuthn level 3 section 5.1): browsers add members, which are passed over.
STANDARD = {"Told", "Credential"}


def written() -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, schema) of every JSON body."""
    document = described()
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            if schema is not None and (method, path) not in FREE:
                found += [(method, path, one) for one in bodies(document, schema)]
    return found


def bodies(document: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The object schemas that a body is made of, through references, choices, lists and fields."""
    seen: list[dict[str, Any]] = []

    def walk(one: Any) -> None:
        if not isinstance(one, dict) or any(one is known for known in seen):
            return
        if "$ref" in one:
            walk(document["components"]["schemas"][one["$ref"].rsplit("/", 1)[1]])
            return
        if one.get("type") == "object" or "properties" in one:
            seen.append(one)
        for inner in (*one.get("anyOf", []), *one.get("oneOf", []), *one.get("allOf", []), one.get("items")):
            walk(inner)
        for inner in one.get("properties", {}).values():
            walk(inner)

    walk(schema)
    return seen


def test_there_is_something_to_look_at() -> None:
    assert len(written()) > 30


@pytest.mark.parametrize(("method", "path", "schema"), written(), ids=lambda one: one if isinstance(one, str) else "")
def test_a_body_takes_no_field_that_nobody_named(method: str, path: str, schema: dict[str, Any]) -> None:
    if schema.get("title") in STANDARD:
        return
    more = schema.get("additionalProperties", True)
    if "properties" in schema:
        assert more is False, f"{method} {path}: {schema.get('title')}"
    else:
        assert more is not True, f"{method} {path}: {schema.get('title')} is open"
