"""The address book over HTTP: folders, groups, contacts; whose it is, and what stays of it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.api.counter import Counter

pytestmark = pytest.mark.anyio

ANN = {"name": "Haneul", "phone": "010-0000-0001", "anniversary": "1990/08/15", "calendar": "lunar", "title": "Clerk"}


class Book:
    """An account's address book, asked with its master's key."""

    def __init__(self, counter: Counter, key: str, query: str = "") -> None:
        self.counter, self.key, self.query = counter, key, query

    async def send(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return await self.counter.send(method, f"/v1/contacts{path}{self.query}", body, key=self.key, **more)

    async def items(self, path: str = "") -> list[dict[str, Any]]:
        answer = await self.send("GET", path)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def made(self, path: str, body: Any) -> str:
        answer = await self.send("POST", path, body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@pytest.fixture
async def account_id(counter: Counter) -> str:
    return await counter.account()


@pytest.fixture
async def book(counter: Counter, account_id: str) -> Book:
    return Book(counter, await counter.key("master", account_id=account_id))


async def test_a_new_book_has_a_default_folder_with_a_default_group_b1(book: Book) -> None:
    (folder,), (group,) = await book.items("/folders"), await book.items("/groups")

    assert (folder["name"], folder["groups"]) == ("Default folder", 1)
    assert (group["name"], group["folder_id"], group["contacts"]) == ("Default group", folder["id"], 0)


async def test_the_last_folder_and_the_last_group_stay_b1(book: Book) -> None:
    (folder,), (group,) = await book.items("/folders"), await book.items("/groups")
    second = await book.made("/folders", {"name": "Partners"})

    answers = [
        await book.send("DELETE", f"/groups/{group['id']}"),
        await book.send("DELETE", f"/folders/{folder['id']}"),
        await book.send("DELETE", f"/folders/{second}"),
        await book.send("DELETE", f"/folders/{folder['id']}"),
    ]

    assert [answer.status_code for answer in answers] == [409, 409, 200, 409]
    assert [answer.json().get("code") for answer in answers] == ["last_group", "last_group", None, "last_folder"]


async def test_a_deleted_folder_takes_its_groups_and_contacts_along_b1(book: Book) -> None:
    folder = await book.made("/folders", {"name": "Partners"})
    group = await book.made("/groups", {"name": "Seoul", "folder_id": folder})
    contact = await book.made("", {**ANN, "group_id": group})
    other = await book.made("", ANN)

    answer = await book.send("DELETE", f"/folders/{folder}")

    assert answer.json() == {"id": folder, "contacts": 1}
    assert [each["id"] for each in await book.items()] == [other]
    assert (await book.send("GET", f"/{contact}")).json()["code"] == "not_found"
    assert group not in [each["id"] for each in await book.items("/groups")]


async def test_groups_move_between_folders_and_contacts_between_groups_b1(book: Book) -> None:
    first = (await book.items("/groups"))[0]["id"]
    folder = await book.made("/folders", {"name": "Partners"})
    second = await book.made("/groups", {"name": "Seoul"})
    contact = await book.made("", {**ANN, "group_id": first})

    moved = [
        await book.send("POST", f"/groups/{second}/move", {"folder_id": folder}),
        await book.send("POST", "/move", {"contact_ids": [contact], "group_id": second}),
        await book.send("PUT", f"/groups/{second}", {"name": "Busan"}),
        await book.send("PUT", f"/folders/{folder}", {"name": "Friends"}),
    ]

    assert [answer.status_code for answer in moved] == [200] * 4, [answer.text for answer in moved]
    group = next(each for each in await book.items("/groups") if each["id"] == second)
    assert group == {"id": second, "folder_id": folder, "name": "Busan", "contacts": 1}
    assert [each["name"] for each in await book.items("/folders")] == ["Default folder", "Friends"]
    assert (await book.send("GET", f"/{contact}")).json()["group_id"] == second


async def test_a_contact_is_added_read_changed_and_deleted_b2(book: Book) -> None:
    contact = await book.made("", ANN)

    added = (await book.send("GET", f"/{contact}")).json()
    changed = await book.send("PUT", f"/{contact}", {"name": "Nari", "phone": "01000000002"})
    after = (await book.send("GET", f"/{contact}")).json()
    gone = await book.send("DELETE", f"/{contact}")

    assert added | {"group_id": ""} == {
        "id": contact, "group_id": "", "name": "Haneul", "phone": "01000000001", "anniversary": "1990-08-15",
        "calendar": "lunar", "company": "", "department": "", "title": "Clerk", "masked": False,
    }  # fmt: skip
    assert (changed.status_code, changed.json()) == (200, {"id": contact})
    assert (after["name"], after["phone"], after["anniversary"], after["title"]) == ("Nari", "01000000002", None, "")
    assert gone.json() == {"deleted": 1}
    assert await book.items() == []


async def test_a_contact_that_breaks_a_rule_is_refused_without_repeating_it(book: Book) -> None:
    answer = await book.send("POST", "", {"name": "Bartholomew-Longname", "phone": "0212345678"})

    assert (answer.status_code, answer.json()["code"]) == (422, "recipients_invalid")
    assert "name may have 10 characters" in answer.json()["detail"]
    assert "Bartholomew" not in answer.text
    assert "0212345678" not in answer.text


async def test_the_same_request_again_is_answered_again_and_adds_nothing(book: Book) -> None:
    first = await book.send("POST", "", ANN, idempotency_key="add-ann-0001")
    again = await book.send("POST", "", ANN, idempotency_key="add-ann-0001")
    other = await book.send("POST", "", {**ANN, "name": "Nari"}, idempotency_key="add-ann-0001")

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["x-request-id"] == first.headers["x-request-id"]
    assert again.headers["ledger-position"] == first.headers["ledger-position"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(await book.items()) == 1


async def test_a_deleted_contact_does_not_come_back_by_a_retry(book: Book) -> None:
    first = await book.send("POST", "", ANN, idempotency_key="add-ann-0001")
    await book.send("DELETE", f"/{first.json()['id']}")

    again = await book.send("POST", "", ANN, idempotency_key="add-ann-0001")

    assert again.content == first.content
    assert await book.items() == []


async def test_a_refusal_is_remembered_with_its_key(book: Book) -> None:
    (folder,) = await book.items("/folders")
    first = await book.send("DELETE", f"/folders/{folder['id']}", idempotency_key="delete-0001")
    await book.made("/folders", {"name": "Partners"})

    again = await book.send("DELETE", f"/folders/{folder['id']}", idempotency_key="delete-0001")

    assert (first.status_code, again.status_code) == (409, 409)
    assert again.content == first.content


async def test_many_contacts_are_added_at_once_and_bad_rows_come_back_b2(book: Book) -> None:
    rows = [{"name": f"N{number}", "phone": f"010{number:08d}"} for number in range(1_200)]
    rows[5] = {"name": "=Formula", "phone": "none"}
    rows[6] = {"name": "Twin", "phone": rows[4]["phone"]}

    answer = await book.send("POST", "/bulk", {"contacts": rows})
    added = answer.json()
    file = await book.counter.send("GET", f"{added['failure_file']}?format=csv", key=book.key)

    assert answer.status_code == 201, answer.text
    assert (added["good"], added["bad"], added["duplicates"]) == (1_199, 1, 1)
    assert added["failures"][0]["row"] == 6
    assert file.headers["content-disposition"].startswith("attachment")
    assert '"\'=Formula"' in file.text
    assert (await book.items("/groups"))[0]["contacts"] == 1_199


async def test_lists_run_newest_first_in_pages_and_by_group(book: Book) -> None:
    group = await book.made("/groups", {"name": "Seoul"})
    ids = [await book.made("", {**ANN, "phone": f"0100000000{n}", "group_id": group if n else None}) for n in range(3)]

    first = (await book.send("GET", "?limit=2")).json()
    second = (await book.send("GET", f"?limit=2&cursor={first['next_cursor']}")).json()
    in_group = (await book.send("GET", f"?group_id={group}")).json()["items"]
    nonsense = await book.send("GET", "?cursor=bm9uc2Vuc2U=")

    assert [each["id"] for each in [*first["items"], *second["items"]]] == ids[::-1]
    assert second["next_cursor"] is None
    assert [each["id"] for each in in_group] == ids[:0:-1]
    assert nonsense.status_code == 400


async def test_contacts_are_found_by_their_number(book: Book) -> None:
    contact = await book.made("", ANN)
    await book.made("", {**ANN, "phone": "01000000002"})

    found = await book.send("POST", "/lookup", {"phone": "010 0000 0001"}, idempotency_key=None)
    await book.send("PUT", f"/{contact}", {**ANN, "phone": "01000000003"})
    after = await book.send("POST", "/lookup", {"phone": "01000000001"}, idempotency_key=None)

    assert [each["id"] for each in found.json()["items"]] == [contact]
    assert after.json()["items"] == []


async def test_nobody_sees_or_changes_anothers_book(counter: Counter, book: Book, account_id: str) -> None:
    contact, group = await book.made("", ANN), (await book.items("/groups"))[0]["id"]
    sub = Book(counter, await counter.key("sub", account_id=account_id, member_id="ann"))
    other = Book(counter, await counter.key("master", account_id=await counter.account()))

    for stranger in (sub, other):
        answers = [
            await stranger.send("GET", f"/{contact}"),
            await stranger.send("PUT", f"/{contact}", ANN),
            await stranger.send("DELETE", f"/{contact}"),
            await stranger.send("POST", "/move", {"contact_ids": [contact], "group_id": group}),
            await stranger.send("POST", "", {**ANN, "group_id": group}),
            await stranger.send("DELETE", f"/groups/{group}"),
            await stranger.send("GET", f"?group_id={group}"),
            await stranger.send("GET", f"?account_id={await counter.account()}"),
        ]
        missing = await stranger.send("GET", f"/con_{'a' * 32}")

        assert [answer.status_code for answer in answers] == [404] * 8
        assert answers[0].json() | {"request_id": ""} == missing.json() | {"request_id": ""}
        assert await stranger.items() == []
    assert len(await book.items()) == 1


async def test_services_and_auditors_see_a_book_masked_and_must_say_whose(
    counter: Counter, book: Book, account_id: str
) -> None:
    contact = await book.made("", ANN)

    for role in ("auditor", "service"):
        shown = await counter.get(f"/v1/contacts/{contact}?account_id={account_id}", role=role)
        listed = await counter.get(f"/v1/contacts?account_id={account_id}", role=role)
        unsaid = await counter.get("/v1/contacts", role=role)

        assert (shown.json()["phone"], shown.json()["name"]) == ("***-***-0001", "H**")
        assert (shown.json()["title"], shown.json()["anniversary"], shown.json()["masked"]) == ("***", "***", True)
        assert listed.json()["items"] == [shown.json()]
        assert (unsaid.status_code, unsaid.json()["field"]) == (400, "account_id")
    for role in ("admin", "operator", "accountant"):
        assert (await counter.get(f"/v1/contacts?account_id={account_id}", role=role)).status_code == 403
    for_sub = await counter.get(f"/v1/contacts?account_id={account_id}&member_id=ann", role="service")
    assert for_sub.json()["items"] == []


async def test_a_retry_at_the_same_time_adds_one_contact(book: Book) -> None:
    answers = await asyncio.gather(*(book.send("POST", "", ANN, idempotency_key="add-ann-0001") for _ in range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(await book.items()) == 1


async def test_two_deletions_at_the_same_time_leave_one_group_b1(book: Book) -> None:
    groups = [(await book.items("/groups"))[0]["id"], await book.made("/groups", {"name": "Seoul"})]

    answers = await asyncio.gather(*(book.send("DELETE", f"/groups/{group}") for group in groups))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await book.items("/groups")) == 1
