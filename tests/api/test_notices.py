"""Where owners want to be told, over HTTP: whose it is, who reads it in clear, and that it is gone when deleted."""

from __future__ import annotations

import pytest

from ledger.database import Database, connect
from tests.api.counter import Counter

pytestmark = pytest.mark.anyio

EMAIL, PHONE = "gifts@pine-street.example", "010-0000-0001"


async def test_an_owner_says_where_it_wants_to_be_told_changes_it_and_takes_it_back(counter: Counter) -> None:
    account_id = await counter.account()
    master = await counter.key("master", account_id=account_id)
    path = f"/v1/accounts/{account_id}/notice-contact"

    missing = await counter.get(path, key=master)
    kept = await counter.send("PUT", path, {"email": EMAIL, "phone": PHONE}, key=master)
    again = await counter.send("PUT", path, {"email": EMAIL, "phone": PHONE}, key=master)
    own = await counter.get(path, key=master)
    by_service = await counter.get(path, role="service")
    changed = await counter.send("PUT", path, {"phone": PHONE}, key=master)
    after = await counter.get(path, key=master)
    gone = await counter.send("DELETE", path, key=master)
    twice = await counter.send("DELETE", path, key=master)

    owner = {"account_id": account_id, "member_id": None}
    assert missing.status_code == 404
    assert kept.json() == again.json() == {**owner, "email": True, "phone": True}
    assert own.json() == {**owner, "email": EMAIL, "phone": "01000000001"}
    assert by_service.json() == {**owner, "email": "***@pine-street.example", "phone": "***-***-0001"}
    assert (changed.status_code, after.json()) == (200, {**owner, "email": None, "phone": "01000000001"})
    assert gone.json() == {**owner, "email": False, "phone": False}
    assert twice.status_code == 404


async def test_each_sub_member_has_a_contact_of_its_own_v7(counter: Counter) -> None:
    account_id = await counter.account()
    keys = {"": await counter.key("master", account_id=account_id)}
    keys["ann"] = await counter.key("sub", account_id=account_id, member_id="ann")
    path = f"/v1/accounts/{account_id}/notice-contact"

    put = await counter.send("PUT", path, {"email": EMAIL}, key=keys["ann"])
    by_master = await counter.get(path, key=keys[""])
    asked_for = await counter.get(f"{path}?member_id=ann", key=keys[""])
    by_service = await counter.get(f"{path}?member_id=ann", role="service")

    assert (put.status_code, put.json()["member_id"]) == (200, "ann")
    assert (by_master.status_code, asked_for.status_code) == (404, 404)
    assert by_service.json()["email"] == "***@pine-street.example"


@pytest.mark.parametrize(
    "body",
    [{}, {"email": ""}, {"email": "gifts"}, {"email": "gifts@pine"}, {"email": "a b@pine.example"}, {"phone": "12345"},
     {"email": "gifts@pine.example", "phone": "1"}],
)  # fmt: skip
async def test_a_contact_is_an_address_a_number_or_both(counter: Counter, body: dict[str, str]) -> None:
    account_id = await counter.account()

    refused = await counter.send("PUT", f"/v1/accounts/{account_id}/notice-contact", body)

    assert (refused.status_code, refused.json()["code"]) == (422, "notice_contact_invalid")
    assert all(text not in refused.text for text in body.values() if len(text) > 5)


async def test_a_read_in_clear_is_on_record_and_nothing_is_kept_of_what_was_deleted_k4(
    counter: Counter, ledger_database: Database
) -> None:
    account_id = await counter.account()
    master = await counter.key("master", account_id=account_id)
    path = f"/v1/accounts/{account_id}/notice-contact"
    kept = "SELECT count(*) FROM ledger.subject WHERE starts_with(token, 'tel_')"
    with connect(ledger_database.vault_migrate) as vault:
        before = vault.execute(kept).fetchone()
        await counter.send("PUT", path, {"email": EMAIL}, key=master)
        read = await counter.get(path, key=master)
        masked = await counter.get(path, role="auditor")
        await counter.send("DELETE", path, key=master)

        assert vault.execute(kept).fetchone() == before
        asked = [answer.headers["x-request-id"] for answer in (read, masked)]
        query = "SELECT request_id, purpose FROM ledger.reading WHERE request_id = ANY(%s)"
        assert vault.execute(query, (asked,)).fetchall() == [(asked[0], "show the contact for notices")]
