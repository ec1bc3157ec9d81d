"""The documentation page shows what a newcomer has to send, by the names under which it is sent."""

from __future__ import annotations

import asyncio
import html
import re
import threading
from typing import Any

import pytest

from api import docs
from api.app import described
from api.operation import OPERATIONS


@pytest.fixture(scope="module")
def page() -> str:
    return docs.page(described().openapi()).decode()


def entry(page: str, name: str) -> str:
    """Return what the page says of one operation."""
    return html.unescape(page.partition(f'<details id="{name}">')[2].partition("</details>")[0])


def test_headers_stand_under_the_names_that_are_sent(page: str) -> None:
    for operation in OPERATIONS:
        said = entry(page, operation.name)
        assert ("<code>Idempotency-Key</code>" in said) == (operation.keyed is not None)


def test_every_member_of_a_body_is_shown_also_where_the_example_leaves_it_out(page: str) -> None:
    for operation in OPERATIONS:
        for name, field in (operation.body.model_fields if operation.body else {}).items():
            assert f"<code>{field.alias or name}</code>" in entry(page, operation.name)

    assert "<td>boolean<td><td>Default: true." in entry(page, "spend")


def test_every_code_that_an_operation_names_leads_to_its_meaning(page: str) -> None:
    named = set(re.findall(r'href="#([a-z_]+)"', page))

    assert "insufficient_funds" in named
    assert [code for code in named if f'<tr id="{code}">' not in page] == []


def test_an_operation_is_not_described_twice_in_the_same_words(page: str) -> None:
    for operation in OPERATIONS:
        assert entry(page, operation.name).count(operation.summary) <= 1


@pytest.mark.anyio
async def test_describing_the_operations_does_not_hold_up_what_moves_money() -> None:
    began, may_end = threading.Event(), threading.Event()

    def slow() -> dict[str, Any]:
        began.set()
        assert may_end.wait(30)
        return described().openapi()

    description = docs.Description(slow)
    asked = [asyncio.create_task(description.page()), asyncio.create_task(description.page())]
    assert await asyncio.to_thread(began.wait, 30), "the loop turns while the document is made"
    may_end.set()

    first, second = await asyncio.gather(*asked)
    assert first is second
    assert first.startswith(b"<!doctype html>")
