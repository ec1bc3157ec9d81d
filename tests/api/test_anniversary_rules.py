"""Anniversary rules over HTTP: made, switched and seen by their owner alone (SPEC 4)."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest

from ledger.vault import Reading
from tests.api.counter import Counter
from tests.api.test_catalogue import cart, product

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("feeding")]

NUMBERS = itertools.count(1)

ROWS = [
    {"phone": "010-0000-7001", "name": "Haneul", "anniversary": "1990/08/15", "calendar": "lunar"},
    {"phone": "01000007002", "anniversary": "2030/03/03"},
]


def body(lines: list[dict[str, Any]], **given: Any) -> dict[str, Any]:
    return {
        "name": "Birthdays of the team",
        "kind": "general",
        "lines": lines,
        "dispatch_title": "HappyBirthday",
        "recipients": {"rows": ROWS},
        "consent": True,
        **given,
    }


class Owner:
    """A master, its sub-members, and somebody else."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.keys: dict[str, str] = {}
        self.lines: list[dict[str, Any]] = []

    async def arrive(self) -> Owner:
        account_id, other = await self.counter.account(), await self.counter.account()
        self.keys["master"] = await self.counter.key("master", account_id=account_id)
        self.keys["ann"] = await self.counter.key("sub", account_id=account_id, member_id="ann")
        self.keys["bea"] = await self.counter.key("sub", account_id=account_id, member_id="bea")
        self.keys["stranger"] = await self.counter.key("master", account_id=other)
        self.lines = cart([await product(self.counter)])
        return self

    async def make(self, who: str = "master", **given: Any) -> httpx.Response:
        return await self.counter.post("/v1/anniversary-rules", body(self.lines, **given), key=self.keys[who])

    async def get(self, path: str, at: str, who: str = "master") -> httpx.Response:
        return await self.counter.get(f"/v1/anniversary-rules{path}", key=self.keys[who], min_position=at)

    async def post(self, rule_id: str, verb: str, who: str = "master", json: Any = None) -> httpx.Response:
        return await self.counter.post(f"/v1/anniversary-rules/{rule_id}/{verb}", json, key=self.keys[who])

    async def patch(self, rule_id: str, who: str = "master", **given: Any) -> httpx.Response:
        sent = {"consent": True, **given}
        return await self.counter.send("PATCH", f"/v1/anniversary-rules/{rule_id}", sent, key=self.keys[who])


@pytest.fixture
async def owner(counter: Counter) -> Owner:
    return await Owner(counter).arrive()


async def test_a_rule_is_made_and_shown_with_all_of_its_list_fields_v8(owner: Owner) -> None:
    made = await owner.make(ends_on="2030-12-31")
    at = made.headers["ledger-position"]

    listed = (await owner.get("", at)).json()["items"]
    shown = (await owner.get(f"/{made.json()['id']}", at)).json()

    assert made.status_code == 201, made.text
    assert (made.json()["status"], made.json()["recipients"], made.json()["ends_on"]) == ("active", 2, "2030-12-31")
    assert shown == listed[0] | {"notices": []}
    assert {name: shown[name] for name in ("name", "on", "kind", "recipients", "items", "amount_each")} == {
        "name": "Birthdays of the team",
        "on": True,
        "kind": "general",
        "recipients": 2,
        "items": 1,
        "amount_each": 9_900,
    }


async def test_the_amount_of_a_choice_rule_is_that_of_its_dearest_item_v8(owner: Owner, counter: Counter) -> None:
    tea = await product(
        counter, sku="HARBOUR-TEA", list_price=30_000, options=[{"validity_days": 30, "sale_price": 29_700}]
    )
    owner.lines += cart([tea])
    made = await owner.make(kind="choice", designated=0)

    shown = (await owner.get(f"/{made.json()['id']}", made.headers["ledger-position"])).json()

    assert (shown["items"], shown["amount_each"], shown["designated"]) == (2, 29_700, 0)


@pytest.mark.parametrize("role", ["service", "auditor"])
async def test_the_owner_sees_the_list_in_clear_and_internal_services_and_auditors_see_it_masked(
    owner: Owner, counter: Counter, role: str
) -> None:
    made = await owner.make()
    at, rule_id = made.headers["ledger-position"], made.json()["id"]

    clear = (await owner.get(f"/{rule_id}/recipients", at)).json()["items"]
    masked = (await counter.get(f"/v1/anniversary-rules/{rule_id}/recipients", role=role, min_position=at)).json()
    page = (await owner.get(f"/{rule_id}/recipients?limit=1", at)).json()
    rest = (await owner.get(f"/{rule_id}/recipients?limit=1&cursor={page['next_cursor']}", at)).json()

    assert [each["phone"] for each in clear] == ["01000007001", "01000007002"]
    assert [(each["calendar"], each["month"], each["day"], each["first_year"]) for each in clear] == [
        ("lunar", 8, 15, None),
        ("solar", 3, 3, 2030),
    ]
    assert [each["phone"] for each in masked["items"]] == ["***-***-7001", "***-***-7002"]
    assert page["items"] + rest["items"] == clear


async def test_a_rule_is_never_shared_between_master_and_subs_v7(owner: Owner) -> None:
    masters, anns = await owner.make(), await owner.make("ann")
    at = anns.headers["ledger-position"]

    listed = {who: [each["id"] for each in (await owner.get("", at, who)).json()["items"]] for who in owner.keys}
    seen = {who: (await owner.get(f"/{anns.json()['id']}", at, who)).status_code for who in owner.keys}
    paused = {who: (await owner.post(anns.json()["id"], "pause", who)).status_code for who in reversed(owner.keys)}
    replaced = await owner.post(anns.json()["id"], "recipients", "master", {"recipients": {"rows": ROWS}})
    people = await owner.get(f"/{anns.json()['id']}/recipients", at, "master")

    assert anns.json()["member_id"] == "ann"
    assert listed == {"master": [masters.json()["id"]], "ann": [anns.json()["id"]], "bea": [], "stranger": []}
    assert seen == {"master": 404, "ann": 200, "bea": 404, "stranger": 404}
    assert paused == {"stranger": 404, "bea": 404, "ann": 200, "master": 404}
    assert (replaced.status_code, people.status_code) == (404, 404)


async def test_a_rule_is_switched_off_and_on_and_ended_v5(owner: Owner) -> None:
    rule_id = (await owner.make()).json()["id"]

    await owner.get("", "1")
    answers = [await owner.post(rule_id, verb) for verb in ("pause", "pause", "resume", "resume", "end", "resume")]

    assert [(each.status_code, each.json().get("code") or each.json()["status"]) for each in answers] == [
        (200, "paused"),
        (409, "anniversary_rule_not_active"),
        (200, "active"),
        (409, "anniversary_rule_active"),
        (200, "ended"),
        (409, "anniversary_rule_ended"),
    ]
    shown = (await owner.get(f"/{rule_id}", answers[4].headers["ledger-position"])).json()
    assert (shown["status"], shown["on"], shown["reason"]) == ("ended", False, "owner")
    assert [each["kind"] for each in shown["notices"]] == ["ended", "resumed", "paused"]


async def test_a_rule_is_changed_part_by_part_and_what_is_not_given_stays(owner: Owner, counter: Counter) -> None:
    rule_id = (await owner.make(ends_on="2030-12-31")).json()["id"]
    tea = await product(
        counter, sku="HARBOUR-TEA", list_price=30_000, options=[{"validity_days": 30, "sale_price": 29_700}]
    )

    named = await owner.patch(rule_id, name="Birthdays of everybody", ends_on=None)
    items = await owner.patch(rule_id, kind="choice", lines=owner.lines + cart([tea]), designated=0)
    people = await owner.patch(rule_id, recipients={"rows": ROWS[:1]})
    at = people.headers["ledger-position"]

    shown = (await owner.get(f"/{rule_id}", at)).json()
    assert named.json() == {
        "id": rule_id,
        "name": "Birthdays of everybody",
        "kind": "general",
        "items": 1,
        "ends_on": None,
        "recipients": None,
    }
    assert (items.json()["kind"], items.json()["items"], people.json()["recipients"]) == ("choice", 2, 1)
    assert {name: shown[name] for name in ("name", "kind", "items", "amount_each", "designated", "recipients")} == {
        "name": "Birthdays of everybody",
        "kind": "choice",
        "items": 2,
        "amount_each": 29_700,
        "designated": 0,
        "recipients": 1,
    }
    assert (shown["dispatch_title"], shown["ends_on"]) == ("HappyBirthday", None)
    assert [each["kind"] for each in shown["notices"]] == ["recipients_replaced", "changed", "changed", "changed"]
    listed = (await owner.get(f"/{rule_id}/recipients", at)).json()["items"]
    assert [each["phone"] for each in listed] == ["01000007001"]


async def test_only_its_owner_changes_a_rule_v7(owner: Owner) -> None:
    rule_id = (await owner.make("ann")).json()["id"]

    answers = {who: (await owner.patch(rule_id, who, name=f"By {who}")).status_code for who in reversed(owner.keys)}

    assert answers == {"stranger": 404, "bea": 404, "ann": 200, "master": 404}


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({}, 409, "anniversary_rule_unchanged"),
        ({"name": "Birthdays of the team"}, 409, "anniversary_rule_unchanged"),
        ({"name": ""}, 422, "order_name_invalid"),
        ({"name": None}, 400, "malformed"),
        ({"lines": []}, 400, "malformed"),
        ({"kind": "choice"}, 422, "lines_out_of_range"),
        ({"ends_on": "2026-03-01"}, 422, "end_date_past"),
        ({"consent": False, "name": "Other"}, 422, "consent_required"),
        ({"sender_profile_id": "snp_01k7q4m2x9w3t8r5z61"}, 404, "not_found"),
        ({"recipients": {"rows": [{"phone": "01000007003"}]}}, 422, "recipients_invalid"),
        ({"recipients": {"rows": [ROWS[0], ROWS[0]]}}, 422, "duplicate_recipients"),
    ],
)
async def test_a_change_keeps_to_the_rules_of_the_form(
    owner: Owner, given: dict[str, Any], status: int, code: str
) -> None:
    rule_id = (await owner.make()).json()["id"]

    changed = await owner.patch(rule_id, **given)

    assert (changed.status_code, changed.json()["code"]) == (status, code), changed.text


async def test_a_number_that_repeats_on_the_list_is_seen_also_when_the_list_stays(owner: Owner) -> None:
    rule_id = (await owner.make(recipients={"rows": [ROWS[0], ROWS[0]]}, allow_duplicates=True)).json()["id"]

    refused = await owner.patch(rule_id, allow_duplicates=False)
    renamed = await owner.patch(rule_id, name="Other")

    assert (refused.status_code, refused.json()["code"]) == (422, "duplicate_recipients")
    assert renamed.status_code == 200


async def test_texts_of_a_rule_are_changed_kept_and_taken_away_in_the_vault(owner: Owner, counter: Counter) -> None:
    vault, reading = counter.house.vault, Reading("test", "look")
    rule_id = (await owner.make(texts={"message": "Happy birthday"})).json()["id"]

    async def texts() -> dict[str, str] | None:
        renamed = await owner.patch(rule_id, name=f"Name {next(NUMBERS)}")
        assert renamed.status_code == 200, renamed.text
        facts = (await counter.get("/v1/events?topic=anniversary.changed&limit=200")).json()["items"]
        own = [fact for fact in facts if fact["fact"]["rule_id"] == rule_id]
        token = own[-1]["fact"]["form"]["texts_token"]
        return None if token is None else await vault.people.texts(token, reading)

    first = await texts()
    await owner.patch(rule_id, texts={"message": "All the best", "page": "From all of us"})
    second = await texts()
    await owner.patch(rule_id, texts=None)
    third = await texts()
    too_long = await owner.patch(rule_id, texts={"message": "x" * 2_001})

    assert first == {"message": "Happy birthday"}
    assert second == {"message": "All the best", "page": "From all of us"}
    assert third is None
    assert too_long.status_code == 422


async def test_a_blind_retry_of_a_change_changes_once(owner: Owner, counter: Counter) -> None:
    rule_id = (await owner.make()).json()["id"]
    path, change = f"/v1/anniversary-rules/{rule_id}", {"recipients": {"rows": ROWS[:1]}, "consent": True}
    sent: dict[str, Any] = {"key": owner.keys["master"], "idempotency_key": "change-of-the-team-1"}

    first = await counter.send("PATCH", path, change, **sent)
    again = await counter.send("PATCH", path, change, **sent)
    keyless = await counter.send("PATCH", path, change, key=owner.keys["master"], idempotency_key=None)

    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert keyless.status_code == 400


async def test_a_new_list_takes_the_place_of_the_old_one(owner: Owner) -> None:
    made = await owner.make()
    rule_id = made.json()["id"]

    replaced = await owner.post(rule_id, "recipients", json={"recipients": {"rows": ROWS[:1]}})
    at = replaced.headers["ledger-position"]

    assert replaced.json() == {"id": rule_id, "recipients": 1}
    assert (await owner.get(f"/{rule_id}", at)).json()["recipients"] == 1
    assert [each["phone"] for each in (await owner.get(f"/{rule_id}/recipients", at)).json()["items"]] == [
        "01000007001"
    ]


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"recipients": {"rows": [{"phone": "01000007003"}]}}, 422, "recipients_invalid"),
        ({"recipients": {"rows": []}}, 422, "recipients_missing"),
        ({"consent": False}, 422, "consent_required"),
        ({"ends_on": "2026-03-01"}, 422, "end_date_past"),
        ({"ends_on": "2026-03-02"}, 201, None),
        ({"dispatch_title": "1234567890123456"}, 201, None),
        ({"dispatch_title": "12345678901234567"}, 422, "dispatch_title_invalid"),
        ({"dispatch_title": "Happy Birthday"}, 422, "dispatch_title_invalid"),
        ({"name": "x" * 50}, 201, None),
        ({"name": "x" * 51}, 422, "order_name_invalid"),
        ({"kind": "choice"}, 422, "lines_out_of_range"),
        ({"designated": 0}, 422, "designated_invalid"),
        ({"sender_profile_id": "snp_01k7q4m2x9w3t8r5z61"}, 404, "not_found"),
        ({"recipients": {"rows": [ROWS[0], ROWS[0]]}}, 422, "duplicate_recipients"),
        ({"recipients": {"rows": [ROWS[0], ROWS[0]]}, "allow_duplicates": True}, 201, None),
    ],
)
async def test_the_form_of_a_rule_keeps_to_the_rules_of_orders_v2(
    owner: Owner, given: dict[str, Any], status: int, code: str | None
) -> None:
    made = await owner.make(**given)

    assert (made.status_code, made.json().get("code")) == (status, code), made.text


async def test_a_blind_retry_makes_one_rule(owner: Owner, counter: Counter) -> None:
    sent = {"key": owner.keys["master"], "idempotency_key": "rule-of-the-team-1"}

    first = await counter.post("/v1/anniversary-rules", body(owner.lines), **sent)
    again = await counter.post("/v1/anniversary-rules", body(owner.lines), **sent)
    other = await counter.post("/v1/anniversary-rules", body(owner.lines, name="Other"), **sent)

    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await owner.get("", first.headers["ledger-position"])).json()["items"]) == 1


async def test_no_number_and_no_name_is_in_the_facts_of_a_rule(owner: Owner, counter: Counter) -> None:
    await owner.make()

    facts = (await counter.get("/v1/events", role="auditor")).text

    assert "anniversary.recipients_listed" in facts
    for secret in ("0100000700", "0000-7001", "Haneul", "1990"):
        assert secret not in facts


async def test_a_service_names_whose_rules_it_means(owner: Owner, counter: Counter) -> None:
    made = await owner.make("ann")
    account_id, at = made.json()["account_id"], made.headers["ledger-position"]

    unnamed = await counter.get("/v1/anniversary-rules", role="service", min_position=at)
    masters = await counter.get(f"/v1/anniversary-rules?account_id={account_id}", role="service", min_position=at)
    anns = await counter.get(
        f"/v1/anniversary-rules?account_id={account_id}&member_id=ann", role="service", min_position=at
    )

    assert unnamed.status_code == 400
    assert masters.json()["items"] == []
    assert [each["id"] for each in anns.json()["items"]] == [made.json()["id"]]
