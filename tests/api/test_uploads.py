"""Uploads over HTTP: good rows are kept for a week and used once, bad ones come back, anything else is refused."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import httpx
import pytest
from python_calamine import CalamineWorkbook

from tests.api.counter import Counter
from tests.api.sheets import csv_of, xls_of, xlsx_of
from tests.ledger.desk import SetClock

pytestmark = pytest.mark.anyio

ROWS = [
    ["phone", "name", "company"],
    ["010-0000-0001", "하늘", "Blue Kite"],
    ["010-0000-0002", "Nari", ""],
    ["010-0000-0001", "Twin", ""],
    ["none", "@Formula", ""],
    ["", "Nobody", "x" * 21],
]


class Desk:
    """An account's uploads, asked with its master's key."""

    def __init__(self, counter: Counter, key: str) -> None:
        self.counter, self.key = counter, key

    async def upload(self, content: bytes, kind: str = "recipients", **headers: str) -> httpx.Response:
        sent = {"authorization": f"Bearer {self.key}", "idempotency-key": f"upload-{hash(content)}", **headers}
        return await self.counter.client.post(f"/v1/uploads/{kind}", content=content, headers=sent)

    async def get(self, path: str) -> httpx.Response:
        return await self.counter.get(path, key=self.key)


@pytest.fixture
async def desk(counter: Counter) -> Desk:
    return Desk(counter, await counter.key("master", account_id=await counter.account()))


@pytest.mark.parametrize(
    "content",
    [csv_of(ROWS), csv_of(ROWS, "utf-8-sig"), csv_of(ROWS, "cp949"), xlsx_of(ROWS), xls_of(ROWS)],
    ids=["utf-8", "utf-8 with mark", "cp949", "xlsx", "xls"],
)
async def test_good_rows_are_kept_and_bad_ones_come_back(desk: Desk, content: bytes) -> None:
    answer = await desk.upload(content)
    told = answer.json()
    xlsx = await desk.get(told["failure_file"])
    table = await desk.get(f"{told['failure_file']}?format=csv")

    assert answer.status_code == 201, answer.text
    assert (told["kind"], told["good"], told["bad"], told["duplicates"]) == ("recipients", 3, 2, 1)
    assert [each["row"] for each in told["failures"]] == [5, 6]
    assert told["failures"][1]["reasons"] == ["phone is required", "company may have 20 characters"]
    cells = CalamineWorkbook.from_filelike(io.BytesIO(xlsx.content)).get_sheet_by_index(0).to_python()
    assert cells[0][:3] == ["row", "phone", "name"]
    assert cells[1][:3] == ["5", "none", "@Formula"]
    assert table.text.startswith('\ufeff"row"')
    assert '"\'@Formula"' in table.text
    assert "Formula" not in answer.text
    assert "0000" not in answer.text.replace(told["upload_id"], "")


async def test_an_upload_without_bad_rows_has_no_failure_file(desk: Desk) -> None:
    told = (await desk.upload(csv_of(ROWS[:3]))).json()

    assert (told["bad"], told["failures"], told["failure_file"]) == (0, [], None)


async def test_the_same_upload_again_is_answered_again_and_another_under_its_key_is_refused(desk: Desk) -> None:
    headers = {"idempotency-key": "upload-0001"}
    first = await desk.upload(csv_of(ROWS), **headers)
    again = await desk.upload(csv_of(ROWS), **headers)
    other = await desk.upload(csv_of(ROWS[:3]), **headers)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


REFUSED: dict[str, tuple[bytes, int, str]] = {
    "a pdf": (b"%PDF-1.7 " + bytes(100), 422, "file_type_not_taken"),
    "a damaged workbook": (xlsx_of(ROWS)[:-300], 422, "file_unreadable"),
    "too many rows": (b"phone\n" + b"01000000001\n" * 10_001, 422, "file_too_large"),
    "no columns": (b"a,b\nc,d\n", 422, "columns_missing"),
    "a header alone": (b"phone,name\n", 422, "recipients_missing"),
    "nothing": (b"", 422, "recipients_missing"),
    "too many bytes": (b"phone\n" + b" " * 10 * 1024 * 1024, 413, "body_too_large"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_used_is_refused_by_name(desk: Desk, name: str) -> None:
    content, status, code = REFUSED[name]

    answer = await desk.upload(content)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_ten_megabytes_are_read(desk: Desk) -> None:
    content = b"phone\n01000000001\n"
    content += b"\n" * (10 * 1024 * 1024 - len(content))

    answer = await desk.upload(content)

    assert answer.status_code != 413


async def test_an_upload_of_contacts_goes_into_the_address_book_once_b2(desk: Desk) -> None:
    told = (await desk.upload(csv_of([["name", "phone"], ["Nari", "01000000002"]]), "contacts")).json()
    body: dict[str, Any] = {"upload_id": told["upload_id"]}

    added = await desk.counter.post("/v1/contacts/bulk", body, key=desk.key)
    again = await desk.counter.post("/v1/contacts/bulk", body, key=desk.key)

    assert (added.status_code, added.json()["good"]) == (201, 1)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
    assert [each["name"] for each in (await desk.get("/v1/contacts")).json()["items"]] == ["Nari"]


async def test_an_upload_of_recipients_is_none_of_contacts(desk: Desk) -> None:
    told = (await desk.upload(csv_of(ROWS))).json()

    answer = await desk.counter.post("/v1/contacts/bulk", {"upload_id": told["upload_id"]}, key=desk.key)

    assert answer.status_code == 404


async def test_an_upload_is_its_owners_alone(desk: Desk) -> None:
    told = (await desk.upload(csv_of(ROWS))).json()
    other = await desk.counter.key("master", account_id=await desk.counter.account())

    answer = await desk.counter.get(told["failure_file"], key=other)

    assert answer.status_code == 404


async def test_an_upload_is_kept_for_a_week(desk: Desk, clock: SetClock) -> None:
    told = (await desk.upload(csv_of(ROWS))).json()
    assert told["kept_until"] == (clock.now() + timedelta(days=7, hours=9)).date().isoformat()

    clock.at = clock.now() + timedelta(days=7)
    last_day = await desk.get(told["failure_file"])
    clock.at = clock.now() + timedelta(days=1)
    after = await desk.get(told["failure_file"])

    assert (last_day.status_code, after.status_code) == (200, 404)


async def test_a_file_to_fill_in_can_be_filled_in_and_sent(desk: Desk) -> None:
    for kind in ("recipients", "contacts"):
        for form in ("xlsx", "csv"):
            sample = await desk.get(f"/v1/upload-samples/{kind}?format={form}")
            told = (await desk.upload(sample.content, kind)).json()

            assert (told["good"], told["bad"]) == (1, 0), (kind, form)


async def test_a_sub_downloads_its_failures(counter: Counter) -> None:
    sub = Desk(counter, await counter.key("sub", account_id=await counter.account(), member_id="ann"))

    told = (await sub.upload(csv_of(ROWS))).json()
    file = await sub.get(told["failure_file"])

    assert file.status_code == 200
    assert file.content.startswith(b"PK")
