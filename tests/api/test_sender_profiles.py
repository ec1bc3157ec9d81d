"""Sender profiles over HTTP: whose they are, what is shown of them, and the twenty-first."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ledger.command import Call
from ledger.commands.sender_profiles import RecordTokenSent
from tests.api.counter import Counter

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("feeding")]

KITE = {"search_id": "@bluekite", "category": ["Food", "Cafe", "Coffee"], "manager_phone": "010-0000-4711"}


class Desk:
    """An account's profiles, asked with its master's key."""

    def __init__(self, counter: Counter, key: str) -> None:
        self.counter, self.key, self.position = counter, key, "0"

    async def send(self, method: str, path: str = "", body: Any = None, **more: Any) -> httpx.Response:
        position = self.position if method == "GET" else None
        answer = await self.counter.send(
            method, f"/v1/sender-profiles{path}", body, key=self.key, min_position=position, **more
        )
        self.position = answer.headers.get("ledger-position", self.position)
        return answer

    async def made(self, search_id: str = "@bluekite") -> str:
        answer = await self.send("POST", "", {**KITE, "search_id": search_id})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@pytest.fixture
async def desk(counter: Counter) -> Desk:
    return Desk(counter, await counter.key("master", account_id=await counter.account()))


async def test_a_profile_is_asked_for_and_shown_with_its_managers_last_digits(desk: Desk) -> None:
    asked = await desk.send("POST", "", KITE, idempotency_key="profile-0001")
    again = await desk.send("POST", "", KITE, idempotency_key="profile-0001")
    shown = await desk.send("GET", f"/{asked.json()['id']}")
    listed = await desk.send("GET")

    assert (asked.status_code, asked.json()["status"], asked.json()["rank"]) == (201, "requested", 0)
    assert again.content == asked.content
    assert shown.json() == {**asked.json(), "manager_phone": "***-***-4711"}
    assert listed.json()["items"] == [shown.json()]
    facts = await desk.counter.get("/v1/events")
    assert "01000004711" not in facts.text + asked.text + listed.text


async def test_the_twentieth_profile_is_made_and_the_twenty_first_refused_b3(desk: Desk) -> None:
    for number in range(20):
        await desk.made(f"@shop{number}")

    refused = await desk.send("POST", "", {**KITE, "search_id": "@shop20"})

    assert (refused.status_code, refused.json()["code"]) == (422, "sender_profiles_full")
    assert refused.json()["maximum"] == 20


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"search_id": "bluekite"}, 422, "search_id_invalid"),
        ({"category": ["Food"]}, 422, "category_invalid"),
        ({"manager_phone": "0212345678"}, 422, "manager_phone_invalid"),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_name(
    desk: Desk, changed: dict[str, Any], status: int, code: str
) -> None:
    answer = await desk.send("POST", "", KITE | changed)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "0212345678" not in answer.text


async def test_profiles_are_put_into_another_order_and_removed(desk: Desk) -> None:
    first, second, third = [await desk.made(f"@shop{number}") for number in range(3)]

    ordered = await desk.send("PUT", "/order", {"profile_ids": [third, first, second]})
    wrong = await desk.send("PUT", "/order", {"profile_ids": [third, first]})
    removed = await desk.send("DELETE", f"/{first}")
    listed = await desk.send("GET")
    gone = await desk.send("GET", f"/{first}")

    assert [each["id"] for each in ordered.json()["items"]] == [third, first, second]
    assert (wrong.status_code, wrong.json()["code"]) == (422, "sender_order_invalid")
    assert removed.json()["status"] == "removed"
    assert [each["id"] for each in listed.json()["items"]] == [third, second]
    assert gone.status_code == 404


async def test_a_token_is_handed_in_when_one_was_sent_and_lies_in_no_fact(desk: Desk) -> None:
    profile_id = await desk.made()
    early = await desk.send("POST", f"/{profile_id}/verify", {"token": "271828"})
    call = Call("reaction:senders", "", f"{profile_id}:told", "x" * 32, "req_1")
    await desk.counter.house.engine.submit(RecordTokenSent(profile_id), call)

    given = await desk.send("POST", f"/{profile_id}/verify", {"token": "271828"})

    assert (early.status_code, early.json()["code"]) == (409, "sender_profile_busy")
    assert (given.status_code, given.json()["status"]) == (200, "verifying")
    assert "271828" not in (await desk.counter.get("/v1/events")).text


async def test_another_accounts_profile_is_answered_as_a_missing_one(desk: Desk) -> None:
    profile_id = await desk.made()
    other = Desk(desk.counter, await desk.counter.key("master", account_id=await desk.counter.account()))
    sub = Desk(
        desk.counter, await desk.counter.key("sub", account_id=profile_id.replace("snp_", "acc_")[:22], member_id="ann")
    )

    other.position = sub.position = desk.position

    for method, path, body in (
        ("GET", f"/{profile_id}", None),
        ("DELETE", f"/{profile_id}", None),
        ("POST", f"/{profile_id}/request-token", {}),
        ("POST", f"/{profile_id}/verify", {"token": "000000"}),
    ):
        assert (await other.send(method, path, body)).status_code == 404, (method, path)
    assert (await other.send("GET")).json()["items"] == []
    assert [each["id"] for each in (await sub.send("GET")).json()["items"]] == [profile_id]
    assert (await sub.send("DELETE", f"/{profile_id}")).status_code == 403
