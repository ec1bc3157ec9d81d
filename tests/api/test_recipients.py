"""Recipients on their way into the vault: from every source, once for each request, and gone when it is refused."""

from __future__ import annotations

import time
from typing import Any

import pytest

from api.access import Caller
from api.ask import Ask
from api.operation import OPERATIONS
from api.recipients import RecipientsBody, settle_recipients, take_recipients
from ledger.command import Outcome
from ledger.recall import KeyReused
from ledger.recipients import BadRows, NoRows, TooManyPeople
from ledger.vault import Party, Person, Reading, UploadNotFound
from ledger.vault.book import ContactNotFound
from ledger.vault.shelves import GroupNotFound
from tests.api.counter import Counter
from tests.api.sheets import csv_of

pytestmark = pytest.mark.anyio

READING = Reading("test", "look")
ANN, BEN = {"name": "Haneul", "phone": "01000000001"}, {"name": "Nari", "phone": "01000000002"}
PLACED = Outcome(201, b"{}", 1, False, "req_1")
REFUSED = Outcome(422, b"{}", 1, False, "req_1")


class Desk:
    """An account that names recipients."""

    def __init__(self, counter: Counter, account_id: str, key: str) -> None:
        self.counter, self.account_id, self.key = counter, account_id, key

    def ask(self, key: str, body: dict[str, Any]) -> Ask:
        caller = Caller("key_desk", "key_desk", "master", frozenset(), self.account_id)
        return Ask(
            self.counter.house, OPERATIONS[0], caller, {}, "/v1/orders", "req_1", f"{self.account_id}{key}", body
        )

    async def take(self, key: str, body: dict[str, Any], *, anniversary: bool = False) -> Party:
        model = RecipientsBody.model_validate(body)
        return await take_recipients(self.ask(key, body), self.account_id, None, model, anniversary=anniversary)

    async def settle(self, key: str, body: dict[str, Any], outcome: Outcome) -> None:
        await settle_recipients(self.ask(key, body), outcome)

    async def people(self, party: Party) -> list[Person]:
        found = await self.counter.house.vault.people.get(party.tokens, READING)
        return [found[token] for token in party.tokens if token in found]

    async def made(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.counter.post(path, body, key=self.key)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def upload(self, *rows: list[str]) -> str:
        content = csv_of([["phone", "name"], *rows])
        answer = await self.counter.send("POST", "/v1/uploads/recipients", key=self.key, content=content)
        return str(answer.json()["upload_id"])


@pytest.fixture
async def desk(counter: Counter) -> Desk:
    account_id = await counter.account()
    return Desk(counter, account_id, await counter.key("master", account_id=account_id))


async def test_recipients_come_typed_from_groups_contacts_and_files_together(desk: Desk) -> None:
    group = (await desk.made("/v1/contacts/groups", {"name": "Seoul"}))["id"]
    await desk.made("/v1/contacts", {**ANN, "group_id": group})
    ben = (await desk.made("/v1/contacts", BEN))["id"]
    upload = await desk.upload(["01000000003", "Sora"], ["01000000001", "Twin"])

    body = {"rows": [{"phone": "010-0000-0004"}], "group_ids": [group], "contact_ids": [ben], "upload_id": upload}
    party = await desk.take("all", body)

    assert [(person.phone[-1], person.name) for person in await desk.people(party)] == [
        ("4", ""), ("1", "Haneul"), ("2", "Nari"), ("3", "Sora"), ("1", "Twin"),
    ]  # fmt: skip
    assert party.duplicates


async def test_a_contact_that_is_named_twice_receives_once(desk: Desk) -> None:
    contact = await desk.made("/v1/contacts", ANN)

    party = await desk.take("twice", {"group_ids": [contact["group_id"]], "contact_ids": [contact["id"]]})

    assert len(party.tokens) == 1


async def test_a_blind_retry_has_the_same_recipients_whatever_has_changed(desk: Desk) -> None:
    contact = (await desk.made("/v1/contacts", ANN))["id"]
    upload = await desk.upload(["01000000003", "Sora"])
    body = {"contact_ids": [contact], "upload_id": upload}
    first = await desk.take("retry", body)
    await desk.counter.send("PUT", f"/v1/contacts/{contact}", BEN, key=desk.key)
    await desk.settle("retry", body, PLACED)
    await desk.counter.send("DELETE", f"/v1/contacts/{contact}", key=desk.key)

    again = await desk.take("retry", body)

    assert again == first
    assert [person.name for person in await desk.people(again)] == ["Haneul", "Sora"]
    with pytest.raises(KeyReused):
        await desk.take("retry", {"rows": [{"phone": "01000000004"}]})


async def test_a_refused_request_leaves_nobody_and_its_upload_may_be_used_again(desk: Desk) -> None:
    body = {"upload_id": await desk.upload(["01000000003", "Sora"])}
    refused = await desk.take("refused", body)
    await desk.settle("refused", body, REFUSED)

    assert await desk.people(refused) == []
    placed = await desk.take("placed", body)
    await desk.settle("placed", body, PLACED)
    assert len(await desk.people(placed)) == 1
    with pytest.raises(UploadNotFound):
        await desk.take("used up", body)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, NoRows),
        ({"rows": []}, NoRows),
        ({"rows": [{"phone": "0212345678"}]}, BadRows),
        ({"rows": [{"phone": "01000000001", "name": "x" * 11}]}, BadRows),
        ({"contact_ids": [f"con_{'a' * 32}"]}, ContactNotFound),
        ({"group_ids": [f"grp_{'a' * 32}"]}, GroupNotFound),
        ({"upload_id": f"upl_{'a' * 32}"}, UploadNotFound),
    ],
)
async def test_what_cannot_be_recipients_is_refused(desk: Desk, body: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        await desk.take("bad", body)


async def test_ten_thousand_recipients_are_taken_within_the_time_of_a_request_and_not_one_more(desk: Desk) -> None:
    rows = [{"phone": f"010{number:08d}", "name": "Haneul", "company": "Blue Kite"} for number in range(9_999)]
    upload = await desk.upload(["01099999999", "Last"])

    began = time.process_time()
    party = await desk.take("most", {"rows": rows, "upload_id": upload})
    taken_s = time.process_time() - began

    assert len(set(party.tokens)) == 10_000
    assert taken_s < 2
    with pytest.raises(TooManyPeople):
        await desk.take("more", {"rows": [*rows, {"phone": "01099999998"}], "upload_id": upload})


async def test_recipients_of_a_rule_need_a_date_and_come_with_it_v2(desk: Desk) -> None:
    dated = {"rows": [{"phone": "01000000001", "anniversary": "1990/08/15", "calendar": "lunar"}]}

    first = await desk.take("rule", dated, anniversary=True)
    again = await desk.take("rule", dated, anniversary=True)

    assert first.people == again.people == (Person("01000000001", anniversary="1990-08-15", calendar="lunar"),)
    with pytest.raises(BadRows) as refused:
        await desk.take("undated", {"rows": [*dated["rows"], {"phone": "01000000002"}]}, anniversary=True)
    assert refused.value.figures["rows"] == ["2: anniversary is required"]
