"""The document that describes the HTTP face, held against the face itself."""

from __future__ import annotations

from typing import Any

import pytest

from api.app import described
from api.operation import OPERATIONS, PUBLIC
from tests.api.counter import Counter


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as it is served."""
    return described().openapi()


def references(node: Any) -> list[str]:
    """Return every reference inside a document."""
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    if isinstance(node, list):
        return [found for value in node for found in references(value)]
    return []


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return what a node is, or refers to."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def test_the_document_describes_every_operation_with_an_example_and_its_refusals(
    document: dict[str, Any],
) -> None:
    assert document["openapi"].startswith("3.1")
    names = []
    for operation in OPERATIONS:
        entry = document["paths"][operation.path][operation.method.lower()]
        names.append(entry["operationId"])
        success = entry["responses"][str(operation.status)]
        assert entry["summary"], operation.name
        assert entry["description"], operation.name
        assert "422" not in entry["responses"] or "HTTPValidationError" not in str(entry["responses"]["422"])
        if operation.answer is not None:
            assert success["content"]["application/json"]["example"], operation.name
        if operation.body is not None:
            assert "example" in entry["requestBody"]["content"]["application/json"], operation.name
        if operation.scope == PUBLIC:
            assert entry["security"] == []
        else:
            assert entry["security"] == [{"apiKey": [operation.scope]}]
            assert {"400", "401", "403", "429", "500", "503"} <= set(entry["responses"])
        assert [each["name"] for each in entry.get("parameters", []) if each.get("in") == "path"] == list(
            operation.params
        )
    assert len(set(names)) == len(OPERATIONS) == sum(len(methods) for methods in document["paths"].values())


def test_every_reference_of_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))

    assert found
    for reference in found:
        assert reference.startswith("#/")
        assert resolved(document, {"$ref": reference})


def test_every_refusal_is_a_problem_with_an_example(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for entry in methods.values():
            for status, response in entry["responses"].items():
                if status < "400" or path == "/readyz":
                    continue
                content = resolved(document, response)["content"]
                assert list(content) == ["application/problem+json"], (path, status)
                example = content["application/problem+json"]["example"]
                assert example["status"] == int(status)
                assert {"type", "title", "status", "code", "detail", "request_id"} <= set(example)


def test_a_post_needs_an_idempotency_key_in_the_document_as_well(document: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        entry = document["paths"][operation.path][operation.method.lower()]
        given = [resolved(document, each) for each in entry.get("parameters", [])]
        keys = [each["required"] for each in given if each["name"] == "Idempotency-Key"]
        assert keys == ([] if operation.keyed is None else [operation.keyed]), operation.name


def test_every_code_is_listed_once_with_its_status_and_meaning(document: dict[str, Any]) -> None:
    listed = document["x-refusals"]

    codes = [each["code"] for each in listed]
    assert codes == sorted(set(codes))
    assert all(each["meaning"] and 400 <= each["status"] <= 503 for each in listed)
    assert {"insufficient_funds", "limit_exceeded", "idempotency_key_reused", "not_allowed"} <= set(codes)


def test_the_examples_of_bodies_are_bodies() -> None:
    for operation in OPERATIONS:
        if operation.body is not None:
            config = operation.body.model_config["json_schema_extra"]
            assert isinstance(config, dict)
            operation.body.model_validate(config["example"])


@pytest.mark.anyio
async def test_document_and_page_are_served_without_a_key_and_without_anything_from_elsewhere(counter: Counter) -> None:
    document = await counter.client.get("/openapi.json")
    page = await counter.client.get("/docs")

    assert document.headers["content-type"] == "application/json"
    assert document.json()["paths"]
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for needle in ("src=", "http://", "https://", "<script"):
        assert needle not in page.text
    for operation in OPERATIONS:
        assert f'id="{operation.name}"' in page.text
