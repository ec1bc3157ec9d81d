"""Documents over HTTP: the worked examples, the same bytes for ever, digests that tell, and who may have what."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import openpyxl
import orjson
import pypdf
import pytest

from api.app import create_app
from api.views import Views
from ledger.command import Call, Command
from ledger.commands.invoices import IssueInvoice
from ledger.commands.order_endings import EndCoupons
from ledger.database import Database
from ledger.engine import Engine
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import open_vault
from projections.connections import connect_to
from projections.rebuild import rebuild_views
from projections.registry import ALL_VIEWS
from scheduler.reactions import forgetting
from tests.api.counter import Counter
from tests.api.shop_front import ShopFront
from tests.ledger.desk import SetClock, call
from tests.projections.town_collections import CollectDebits

pytestmark = pytest.mark.anyio

_numbers = itertools.count(1)

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
REBUILT = ("documents", "accounts", "transactions", "charges")
NASTY = ("=1+1", "+cmd", "@x", "\t=2", "＝1")


@pytest.fixture
async def front(counter: Counter, ledger_database: Database, clock: SetClock) -> AsyncIterator[ShopFront]:
    made = await ShopFront(counter, ledger_database, clock).open(0)
    made.feed()
    yield made
    await made.bench.close()


async def charge(front: ShopFront, amount: int, reference: str | None = None, **body: Any) -> dict[str, Any]:
    path = f"/v1/accounts/{front.account_id}/charges"
    made = await front.counter.post(path, {"amount": amount, "method": "card", "reference": reference, **body})
    assert made.status_code == 201, made.text
    charged: dict[str, Any] = made.json()
    return charged


async def ask(front: ShopFront, kind: str, role: str = "accountant", **body: Any) -> httpx.Response:
    """Ask for a document as clients do: again with the same key while it is still being made."""
    front.feed()
    sent = {name: body.pop(name) for name in ("key", "idempotency_key") if name in body}
    sent.setdefault("idempotency_key", f"document-{next(_numbers):04d}")
    for _ in range(20):
        answer = await front.counter.post("/v1/documents", {"kind": kind, **body}, role=role, **sent)
        if answer.status_code != 503:
            break
    return answer


async def statement_file(front: ShopFront, query: str) -> httpx.Response:
    """Ask for a statement as a file, again while it is still being made."""
    for _ in range(20):
        answer = await front.counter.get(f"/v1/accounts/{front.account_id}/statement?{query}")
        if answer.status_code != 503:
            break
    return answer


async def issue(front: ShopFront, kind: str, *formats: str, **body: Any) -> dict[str, Any]:
    """Issue a document, with its content alone where no other formats are named; return what is known of it."""
    answer = await ask(front, kind, formats=["json", *formats], **body)
    assert answer.status_code == 201, answer.text
    front.feed()
    told: dict[str, Any] = answer.json()
    return told


async def file(front: ShopFront, document: dict[str, Any], form: str, **more: Any) -> bytes:
    answer = await front.counter.get(f"/v1/documents/{document['id']}/files/{form}", **{"role": "accountant", **more})
    assert answer.status_code == 200, answer.text
    return answer.content


async def content(front: ShopFront, document: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = orjson.loads(await file(front, document, "json"))
    return read


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def cells_of(xlsx: bytes) -> list[tuple[Any, ...]]:
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx)).active
    assert sheet is not None
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    return list(sheet.iter_rows(values_only=True))


async def one_order_of_two(front: ShopFront, **given: Any) -> str:
    """Place and send an order of one item of 3,913 won for two people; return its id."""
    product = await front.product(3_913, 4_000)
    order = await front.order([product], ["01000001001", "01000001002"], **given)
    await front.work()
    order_id: str = order["id"]
    return order_id


async def void(front: ShopFront, order_id: str, coupon: int) -> None:
    """Have a coupon voided."""
    asked = await front.counter.post(f"/v1/orders/{order_id}/voids", {"coupons": [coupon], "reason": "Wrong person"})
    assert asked.status_code in (200, 201), asked.text
    path = f"/v1/orders/{order_id}/voids/{asked.json()['void']}/approve"
    approved = await front.counter.post(path, role="operator")
    assert approved.status_code == 200, approved.text
    await front.work()


# -- the transaction statement --------------------------------------------------------------------------------------


async def test_worked_example_of_section_7_a_voided_coupon_is_not_stated(front: ShopFront) -> None:
    await charge(front, 100_000)
    order_id = await one_order_of_two(front)

    both = await issue(front, "transaction_statement", account_id=front.account_id)
    await void(front, order_id, 0)
    one = await issue(front, "transaction_statement", "pdf", "xlsx", account_id=front.account_id, order_ids=[order_id])
    await void(front, order_id, 1)
    none = await issue(front, "transaction_statement", "xlsx", account_id=front.account_id, order_ids=[order_id])

    stated = [(await content(front, each))["figures"] for each in (both, one, none)]
    assert [(each["amount"], each["quantity"]) for each in stated] == [(7_826, 2), (3_913, 1), (0, 0)]
    assert [each["orders"][0]["amount"] for each in stated] == [7_826, 3_913, 0]
    assert stated[1]["items"] == [{"name": "Gift of 3,913 won", "price": 3_913, "quantity": 1, "amount": 3_913}]
    assert stated[2]["items"] == []
    assert "3,913" in text_of(await file(front, one, "pdf"))
    assert ("합계", None, 1, 3_913, None) in cells_of(await file(front, one, "xlsx"))
    assert ("합계", None, 0, 0, None) in cells_of(await file(front, none, "xlsx"))


async def test_t3_a_statement_has_its_header_its_number_and_both_tables(front: ShopFront, clock: SetClock) -> None:
    await charge(front, 1_000_000)
    await one_order_of_two(front, name="Spring gifts")
    clock.advance(days=1)
    await one_order_of_two(front, name="Autumn gifts")
    clock.at = datetime(2026, 3, 10, 4, 11, 52, 655_000, tzinfo=UTC)

    made = await issue(front, "transaction_statement", "pdf", account_id=front.account_id, email="order@example.com")

    assert made["number"] == "MCOM_20260310131152655"
    assert made["issued_at"] == "2026-03-10T04:11:52.655000Z"
    assert "order@example.com" not in (await front.counter.get("/v1/events?limit=200")).text
    said = await content(front, made)
    assert said["recipient"]["name"] == "Blue Kite Trading"
    assert said["recipient"]["email"] == "order@example.com"
    assert said["figures"]["order_name"] == "Autumn gifts"
    assert [order["name"] for order in said["figures"]["orders"]] == ["Spring gifts", "Autumn gifts"]
    assert said["figures"]["ordered"][0] < said["figures"]["ordered"][1]
    assert said["supplier"]["business_number"] == "123-45-67891"
    printed = text_of(await file(front, made, "pdf"))
    for words in (
        "거래명세서", "MCOM_20260310131152655", "2026-03-10 13:11:52", "Autumn gifts 외 1건", "order@example.com",
        "Blue Kite Trading", "123-45-67891", "[일반형] Spring gifts", "세법상 효력이 없습니다", made["digest"], "1 / 1",
    ):  # fmt: skip
        assert words in printed, words


async def test_two_statements_of_one_millisecond_have_two_numbers(front: ShopFront) -> None:
    await charge(front, 100_000)
    await one_order_of_two(front)

    made = [await issue(front, "transaction_statement", account_id=front.account_id) for _ in range(3)]

    numbers = sorted(each["number"] for each in made)
    assert len(set(numbers)) == 3
    assert [int(number[5:]) - int(numbers[0][5:]) for number in numbers] == [0, 1, 2]


async def test_r097_selected_orders_in_wrong_states_refuse_the_whole_and_are_named(
    front: ShopFront, clock: SetClock
) -> None:
    own = {"account_id": front.account_id}
    nothing = await ask(front, "transaction_statement", **own)
    await charge(front, 1_000_000)
    sent = await one_order_of_two(front)
    at = (clock.now() + timedelta(days=2)).replace(second=0, microsecond=0).isoformat()
    product = await front.product(1_000)
    waiting = await front.order([product], scheduled_at=at)
    cancelled = await front.order([product], scheduled_at=at)
    assert (await front.counter.post(f"/v1/orders/{cancelled['id']}/cancel", {})).status_code == 200

    refused = await ask(front, "transaction_statement", **own, order_ids=[sent, waiting["id"], cancelled["id"]])
    every = await issue(front, "transaction_statement", **own)

    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_state")
    assert (refused.status_code, refused.json()["code"]) == (409, "orders_not_stated")
    assert refused.json()["orders"] == [waiting["number"], cancelled["number"]]
    assert [order["amount"] for order in (await content(front, every))["figures"]["orders"]] == [7_826]


async def test_r096_a_sub_states_its_own_orders_and_is_the_recipient(front: ShopFront) -> None:
    await charge(front, 1_000_000)
    account = front.account_id
    limit = await front.counter.send(
        "PUT", f"/v1/accounts/{account}/members/mina/limit", {"monthly_limit": "unlimited"}, role="operator"
    )
    assert limit.status_code == 200, limit.text
    foreign = await one_order_of_two(front)
    await one_order_of_two(front, member_id="mina", name="Mina's gifts")
    key = await front.counter.key("sub", account_id=account, member_id="mina")
    master = await front.counter.key("master", account_id=account)

    own = await issue(front, "transaction_statement", key=key, email="mina@example.com")
    others = await ask(front, "transaction_statement", key=key, order_ids=[foreign])
    by_master = await issue(front, "transaction_statement", key=master)
    statement = await ask(front, "account_statement", key=key, **MARCH)
    listed = await front.counter.get("/v1/documents", key=key)

    said = await content(front, own)
    assert said["recipient"] == {
        "account_id": account, "name": "Blue Kite Trading", "member_id": "mina", "email": "mina@example.com",
    }  # fmt: skip
    assert [order["name"] for order in said["figures"]["orders"]] == ["Mina's gifts"]
    assert others.status_code == 404
    said = await content(front, by_master)
    assert (said["recipient"]["member_id"], len(said["figures"]["orders"])) == (None, 2)
    assert (statement.status_code, statement.json()["code"]) == (422, "document_not_for_subs")
    assert [each["id"] for each in listed.json()["items"]] == [own["id"]]
    assert (await front.counter.get(f"/v1/documents/{by_master['id']}", key=key)).status_code == 404


async def test_an_amount_given_back_for_expired_coupons_stands_apart_so_that_both_tables_tie(front: ShopFront) -> None:
    await charge(front, 100_000)
    order_id = await one_order_of_two(front)
    ended = EndCoupons(order_id, used=(0,), expired=(1,), refund_rate=90)
    outcome = await front.counter.house.engine.submit(ended, Call("reaction:x", "", "ended-0001", "x", "req_1"))
    assert outcome.status < 400, outcome.body

    made = await issue(front, "transaction_statement", account_id=front.account_id)

    figures = (await content(front, made))["figures"]
    assert (figures["amount"], figures["quantity"], figures["expired_returned"]) == (4_305, 2, 3_521)
    assert sum(item["amount"] for item in figures["items"]) - figures["expired_returned"] == figures["amount"]


# -- receipts, quotes, statements, refunds --------------------------------------------------------------------------


async def test_c5_a_charge_has_a_receipt_and_a_cancelled_one_a_cancellation_receipt(
    front: ShopFront, clock: SetClock
) -> None:
    charged = await charge(front, 300_000, "PAY-20260302-0007")
    early = await ask(front, "cancellation_receipt", charge_id=charged["id"])
    receipt = await issue(front, "charge_receipt", "pdf", charge_id=charged["id"])
    clock.advance(days=20)
    path = f"/v1/accounts/{front.account_id}/charges/{charged['id']}/cancel"
    assert (await front.counter.post(path)).status_code == 200

    cancelled = await issue(front, "cancellation_receipt", "pdf", charge_id=charged["id"], language="en")
    late = await ask(front, "charge_receipt", charge_id=charged["id"])

    assert (early.status_code, early.json()["code"]) == (409, "charge_not_cancelled")
    assert (late.status_code, late.json()["code"]) == (409, "charge_not_paid")
    assert receipt["number"] == "PAY-20260302-0007"
    assert cancelled["number"] == "PAY-20260302-0007-C"
    printed = text_of(await file(front, receipt, "pdf"))
    for words in ("결제 영수증", "PAY-20260302-0007", "Blue Kite Trading", "신용카드", "300,000", "VAT 포함"):
        assert words in printed, words
    printed = text_of(await file(front, cancelled, "pdf"))
    for words in ("Payment Cancellation Receipt", "KRW 30,000", "270,000", "VAT included"):
        assert words in printed, words


async def test_a_receipt_of_an_unpaid_virtual_account_is_refused_and_a_second_one_has_another_number(
    front: ShopFront,
) -> None:
    awaited = await charge(front, 50_000, method="virtual_account")
    refused = await ask(front, "charge_receipt", charge_id=awaited["id"])
    path = f"/v1/accounts/{front.account_id}/charges/{awaited['id']}/deposit"
    assert (await front.counter.post(path, {"amount": 50_000})).status_code == 200

    first = await issue(front, "charge_receipt", charge_id=awaited["id"])
    second = await issue(front, "charge_receipt", charge_id=awaited["id"])

    assert (refused.status_code, refused.json()["code"]) == (409, "charge_not_paid")
    assert (first["number"], second["number"]) == (awaited["id"], f"{awaited['id']}-2")


async def test_p6_a_quote_says_list_price_discount_and_payment(front: ShopFront) -> None:
    lines = [
        {"product_id": await front.product(sale, list_), "validity_days": 30, "quantity": 1}
        for sale, list_ in ((9_900, 10_000), (4_950, 5_000))
    ]
    cart = {"account_id": front.account_id, "kind": "general", "lines": lines, "recipients": 3}
    quote = (await front.counter.post("/v1/quotes", cart)).json()

    made = await issue(front, "quote", "xlsx", quote_id=quote["id"])

    assert made["number"] == quote["number"]
    rows = cells_of(await file(front, made, "xlsx"))
    figures = [(row[0], row[1]) for row in rows if row[0] in ("정가 합계", "할인 금액", "합계")]
    assert figures == [("정가 합계", 45_000), ("할인 금액", -450), ("합계", 44_550)]


async def test_a_statement_ties_out_with_what_is_left_of_each_charge_and_its_age(
    front: ShopFront, clock: SetClock
) -> None:
    first = await charge(front, 120_000)
    clock.advance(days=5)
    second = await charge(front, 50_000)
    spent = {"amount": 130_000, "reference": "=SUM(A1)"}
    assert (await front.counter.post(f"/v1/accounts/{front.account_id}/spends", spent)).status_code == 201
    clock.advance(days=60)
    await charge(front, 7_000)

    made = await issue(front, "account_statement", "pdf", "xlsx", account_id=front.account_id, **MARCH)

    figures = (await content(front, made))["figures"]
    assert (figures["opening_balance"], figures["closing_balance"]) == (0, 40_000)
    assert figures["lots"] == [
        {"charge_id": second["id"], "charged_on": "2026-03-07", "method": "card", "remaining": 40_000, "age_days": 24}
    ]
    assert [row["amount"] for row in figures["rows"]] == [120_000, 50_000, -130_000]
    assert first["id"] not in text_of(await file(front, made, "pdf"))
    rows = cells_of(await file(front, made, "xlsx"))
    assert ("기말 잔액", 3, 40_000, None, None) in rows
    assert ("2026-03-07", "사용", "=SUM(A1)", -130_000, 40_000) in rows


async def test_a_statement_of_what_was_collected_is_one_of_its_own(front: ShopFront) -> None:
    await charge(front, 120_000)
    await front.counter.house.engine.submit(CollectDebits(front.account_id, 50_000), call("collect-0001"))
    front.feed()
    period = "from=2026-03-01&to=2026-03-31"

    prepaid = (await statement_file(front, period)).json()
    named = (await statement_file(front, f"{period}&book=prepaid")).json()
    collected = (await statement_file(front, f"{period}&book=collections")).json()
    sheet = await statement_file(front, f"{period}&book=collections&format=xlsx&language=en")
    unknown = await statement_file(front, f"{period}&book=other")

    assert prepaid == named
    assert (prepaid["closing_balance"], "book" in prepaid) == (120_000, False)
    assert (collected["book"], collected["closing_balance"]) == ("collections", 50_000)
    assert [(row["type"], row["amount"]) for row in collected["rows"]] == [("collection", 50_000)]
    assert (unknown.status_code, unknown.json()["code"]) == (400, "malformed")
    assert f"statement-collections-{front.account_id}" in sheet.headers["content-disposition"]
    rows = cells_of(sheet.content)
    assert ("2026-03-02", "Collected", None, 50_000, 50_000) in rows
    listed = (await front.counter.get(f"/v1/accounts/{front.account_id}/transactions?book=collections")).json()
    assert [(row["book"], row["balance"]) for row in listed["items"]] == [("collections", 50_000)]


async def test_a_refund_report_shows_the_requests_of_a_month_without_bank_accounts(front: ShopFront) -> None:
    await charge(front, 300_000, occurred_at="2026-02-01T00:00:00Z")
    refund = {
        "amount": 100_000,
        "bank": "Example Bank",
        "account_number": "110-222-336789",
        "holder": "Example Holder",
        "reason": "No longer needed",
    }
    path = f"/v1/accounts/{front.account_id}/refund-requests"
    asked = [(await front.counter.post(path, refund)).json() for _ in range(2)]
    rejected = await front.counter.post(
        f"/v1/refund-requests/{asked[0]['id']}/reject", {"reason": "r"}, role="operator"
    )
    assert rejected.status_code in (200, 409), rejected.text

    made = await issue(front, "refund_report", "csv", "xlsx", month="2026-03")
    empty = await issue(front, "refund_report", "pdf", month="2026-04", account_id=front.account_id)

    figures = (await content(front, made))["figures"]
    assert [(row["refund_id"], row["amount"], row["fee"], row["payout"]) for row in figures["rows"]] == [
        (each["id"], 100_000, 10_000, 90_000) for each in asked
    ]
    assert made["account_id"] is None
    for form in ("json", "csv", "xlsx"):
        assert b"336789" not in await file(front, made, form)
    assert "해당 내역이 없습니다" in text_of(await file(front, empty, "pdf"))


# -- bytes ----------------------------------------------------------------------------------------------------------


async def test_a_document_is_the_same_bytes_after_more_writes_a_rebuild_and_a_restart(
    front: ShopFront, ledger_database: Database, clock: SetClock, tmp_path: Any
) -> None:
    await charge(front, 120_000, "PAY-1")
    wanted = {"account_id": front.account_id, **MARCH, "idempotency_key": "statement-0001"}
    answers = [await ask(front, "account_statement", **wanted) for _ in range(3)]
    front.feed()
    made = answers[0].json()
    before = {form: await file(front, made, form) for form in ("json", "pdf", "xlsx", "csv")}

    await charge(front, 5_000, "PAY-2")
    again = await ask(front, "account_statement", **wanted)
    rebuild_views(connect_to(ledger_database), [view for view in ALL_VIEWS if view.NAME in REBUILT])
    after = {form: await file(front, made, form) for form in before}
    engine = Engine(Store(ledger_database.app, ledger_database.schema), clock)
    views = Views(ledger_database.app, ledger_database.schema)
    vault = open_vault(Settings(data_dir=tmp_path), ledger_database, clock)
    second = create_app(engine, views, vault, environment="test")
    async with second.router.lifespan_context(second):
        restarted = Counter(second)
        new = {
            form: (await restarted.get(f"/v1/documents/{made['id']}/files/{form}", role="accountant")).content
            for form in before
        }
        await restarted.close()

    assert {answer.content for answer in (*answers, again)} == {answers[0].content}
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert again.headers["idempotent-replayed"] == "true"
    assert before == after == new
    assert {told["format"]: told["sha256"] for told in made["files"]} == {
        form: hashlib.sha256(before[form]).hexdigest() for form in before
    }
    assert made["digest"] == hashlib.sha256(before["json"]).hexdigest()


async def test_a_statement_as_file_is_the_same_bytes_for_the_same_version(front: ShopFront) -> None:
    charged = await charge(front, 120_000, "PAY-1")
    front.feed()
    period = "from=2026-03-01&to=2026-03-31"
    version = (await statement_file(front, period)).json()["version"]

    async def files(more: str = "") -> list[bytes]:
        return [(await statement_file(front, f"{period}&format={form}{more}")).content for form in ("pdf", "xlsx")]

    pinned, newest = await files(f"&version={version}"), await files()
    await charge(front, 5_000, "PAY-2")
    front.feed()
    front.counter.house.making._works.clear()
    again = await files(f"&version={version}")
    later = (await statement_file(front, f"{period}&format=xlsx&language=en")).content
    beyond = await statement_file(front, f"{period}&format=pdf&version=99")

    assert pinned == newest == again
    assert charged["id"] in text_of(pinned[0]).replace("\n", "")
    assert ("Closing balance", 2, 125_000, None, None) in cells_of(later)
    assert (beyond.status_code, beyond.json()["code"]) == (404, "not_found")


async def test_what_looks_like_a_formula_comes_out_as_text(front: ShopFront) -> None:
    front.account_id = await front.counter.account(name="=1+1")
    for nasty in NASTY:
        await charge(front, 1_000, nasty)
    own = await issue(front, "account_statement", "csv", "xlsx", account_id=front.account_id, **MARCH)

    cells = {cell for row in cells_of(await file(front, own, "xlsx")) for cell in row}
    rows = csv.reader(io.StringIO((await file(front, own, "csv")).decode("utf-8-sig"), newline=""))
    texts = {cell for row in rows for cell in row}
    assert set(NASTY) <= cells
    assert {f"'{nasty}" for nasty in NASTY} <= texts
    assert not texts & set(NASTY)


async def test_verify_says_whether_a_digest_is_ours_and_whether_it_is_still_true(front: ShopFront) -> None:
    charged = await charge(front, 120_000, "PAY-1")
    own = {"account_id": front.account_id, **MARCH}
    statement = await issue(front, "account_statement", "pdf", **own)
    receipt = await issue(front, "charge_receipt", charge_id=charged["id"])
    pdf = await file(front, statement, "pdf")

    async def verify(document: dict[str, Any], query: str = "", name: str = "number") -> dict[str, Any]:
        answer = await front.counter.get(f"/v1/documents/{document[name]}/verify{query}")
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    printed = await verify(statement, f"?sha256={statement['digest']}")
    by_file = await verify(statement, f"?sha256={hashlib.sha256(pdf).hexdigest()}", name="id")
    forged = await verify(statement, f"?sha256={'0' * 64}")
    sent = await front.counter.send(
        "POST", f"/v1/documents/{statement['number']}/verify", content=pdf, role="auditor", idempotency_key=None
    )
    changed = await front.counter.send(
        "POST", f"/v1/documents/{statement['id']}/verify", content=pdf[:-1], role="auditor", idempotency_key=None
    )
    await front.counter.post(f"/v1/accounts/{front.account_id}/charges/{charged['id']}/cancel")
    front.feed()
    later, cancelled = await verify(statement), await verify(receipt)
    unknown = await front.counter.get("/v1/documents/MCOM_20200101000000000/verify")

    assert (printed["authentic"], printed["format"], printed["current"]) == (True, "json", True)
    assert (by_file["authentic"], by_file["format"]) == (True, "pdf")
    assert (forged["authentic"], forged["format"]) == (False, None)
    assert (sent.status_code, sent.json()["authentic"]) == (200, True)
    assert (changed.status_code, changed.json()["authentic"]) == (200, False)
    assert (later["authentic"], later["reproduced"], later["current"]) == (None, True, False)
    assert (cancelled["reproduced"], cancelled["current"]) == (True, False)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "document_not_found")


async def test_a_destroyed_document_is_gone_and_its_digests_and_its_answer_stay(
    front: ShopFront, clock: SetClock
) -> None:
    charged = await charge(front, 1_000, "PAY-1")
    made = await issue(front, "charge_receipt", charge_id=charged["id"], idempotency_key="receipt-0001")
    clock.advance(days=365 * 5 + 2)
    assert await front.bench.vault.purge(clock.now().date()) >= 1

    file_ = await front.counter.get(f"/v1/documents/{made['id']}/files/json", role="accountant")
    said = (await front.counter.get(f"/v1/documents/{made['id']}/verify?sha256={made['digest']}")).json()
    same = {"charge_id": charged["id"], "formats": ["json"], "idempotency_key": "receipt-0001"}
    again = await ask(front, "charge_receipt", **same)

    assert made["retain_until"] == "2031-03-02"
    assert (file_.status_code, file_.json()["code"]) == (404, "document_destroyed")
    assert (said["authentic"], said["destroyed"], said["reproduced"], said["current"]) == (True, True, None, None)
    assert (again.status_code, again.json()) == (201, made)


# -- who, and what is refused ---------------------------------------------------------------------------------------


async def test_documents_of_others_are_not_there_and_auditors_see_digests_alone(front: ShopFront) -> None:
    charged = await charge(front, 1_000)
    made = await issue(front, "charge_receipt", "pdf", charge_id=charged["id"])
    own = await front.counter.key("master", account_id=front.account_id)
    foreign = await front.counter.key("master", account_id=await front.counter.account())

    allowed = [
        await front.counter.get(f"/v1/documents/{made['id']}{path}", key=own) for path in ("", "/verify", "/files/pdf")
    ]
    hidden = [
        await front.counter.get(f"/v1/documents/{made['id']}{path}", key=foreign)
        for path in ("", "/verify", "/files/pdf")
    ]
    hidden.append(await ask(front, "charge_receipt", charge_id=charged["id"], key=foreign))
    audited = await front.counter.get(f"/v1/documents/{made['id']}/files/pdf", role="auditor")
    listed = await front.counter.get("/v1/documents?kind=charge_receipt", role="auditor")

    assert [answer.status_code for answer in allowed] == [200, 200, 200]
    assert [answer.status_code for answer in hidden] == [404, 404, 404, 404]
    assert (audited.status_code, audited.json()["scope"]) == (403, "documents:files")
    assert [each["number"] for each in listed.json()["items"]] == [made["number"]]


async def test_a_field_of_another_kind_and_a_missing_one_are_refused(front: ShopFront) -> None:
    missing = await ask(front, "account_statement", account_id=front.account_id, **{"from": "2026-03-01"})
    foreign = await ask(front, "charge_receipt", charge_id="chg_01k7q4m2x9w3t8r5z62", month="2026-03")
    not_kept = await issue(front, "account_statement", "pdf", account_id=front.account_id, **MARCH)
    file_ = await front.counter.get(f"/v1/documents/{not_kept['id']}/files/xlsx", role="accountant")

    assert (missing.status_code, foreign.status_code) == (400, 400)
    assert "needs to" in missing.text
    assert "has no month" in foreign.text
    assert (file_.status_code, file_.json()["code"], file_.json()["formats"]) == (404, "file_not_kept", ["json", "pdf"])


async def test_without_a_company_nothing_is_issued(
    front: ShopFront, ledger_database: Database, clock: SetClock, tmp_path: Any
) -> None:
    charged = await charge(front, 1_000)
    engine = Engine(Store(ledger_database.app, ledger_database.schema), clock)
    views = Views(ledger_database.app, ledger_database.schema)
    vault = open_vault(Settings(data_dir=tmp_path), ledger_database, clock)
    unnamed = create_app(engine, views, vault, environment="test")
    async with unnamed.router.lifespan_context(unnamed):
        counter = Counter(unnamed)
        refused = await counter.post(
            "/v1/documents", {"kind": "charge_receipt", "charge_id": charged["id"]}, role="accountant"
        )
        await counter.close()

    assert (refused.status_code, refused.json()["code"]) == (409, "company_unknown")


async def test_what_a_request_left_behind_is_cleared_away_and_what_was_issued_stays(front: ShopFront) -> None:
    charged = await charge(front, 1_000)
    made = await issue(front, "charge_receipt", charge_id=charged["id"])
    shelf = front.bench.vault.documents
    left = await shelf.reserve("key_x", "left-0001", mark="m", numbers=[("MCOM_LEFT", front.clock.now())])
    assert left is not None

    await forgetting.settle_documents(front.bench, timedelta())

    assert await shelf.reserve("key_x", "left-0001", mark="m") is None
    assert await file(front, made, "json")


# -- the invoice ----------------------------------------------------------------------------------------------------


async def test_i10_an_invoice_document_shows_how_the_billed_amount_came_about(
    front: ShopFront, clock: SetClock
) -> None:
    account = await front.counter.account(mode="postpaid", credit_limit=500_000)

    async def submit(command: Command, key: str) -> None:
        outcome = await front.counter.house.engine.submit(command, Call("job:invoices", "", key, "x", "req_1"))
        assert outcome.status < 400, outcome.body

    async def spend(amount: int) -> str:
        made = await front.counter.post(f"/v1/accounts/{account}/spends", {"amount": amount, "reference": "no. 7"})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    early = await spend(9_900)
    clock.at = datetime(2026, 4, 1, 3, tzinfo=UTC)
    await submit(IssueInvoice(account, "2026-04"), "invoice-04")
    back = {"amount": 9_900, "reason": "voided"}
    assert (await front.counter.post(f"/v1/accounts/{account}/spends/{early}/return", back)).status_code == 200
    await spend(69_000)
    clock.at = datetime(2026, 5, 1, 3, tzinfo=UTC)
    await submit(IssueInvoice(account, "2026-05"), "invoice-05")
    front.feed()
    invoices = (await front.see(f"/v1/accounts/{account}/invoices"))["items"]
    invoice = next(each for each in invoices if each["month"] == "2026-05")

    chosen = {"invoice_id": invoice["id"], "transaction_date": "2026-04-30"}
    made = await issue(front, "invoice", "pdf", "xlsx", **chosen)
    again = await issue(front, "invoice", invoice_id=invoice["id"], language="en")

    assert made["number"] == invoice["number"]
    assert again["number"] == f"{invoice['number']}-2"
    assert (made["presented_on"], again["presented_on"]) == ("2026-04-30", None)
    figures = (await content(front, made))["figures"]
    assert figures == (await content(front, again))["figures"]
    told = [figures[name] for name in ("settlement_amount", "carry_over_applied", "billed_amount", "carried_over")]
    assert told == [69_000, 9_900, 59_100, 0]
    assert (figures["issued_on"], figures["due_on"]) == ("2026-05-01", "2026-05-29")
    printed = text_of(await file(front, made, "pdf"))
    for words in ("청구서", invoice["number"], "2026-04-01 ~ 2026-04-30", "59,100", "예시은행 000-0000-000000"):
        assert words in printed, words
    rows = cells_of(await file(front, made, "xlsx"))
    assert [row[:2] for row in rows if row[0] in ("정산금액", "이월취소금액", "청구 금액")] == [
        ("정산금액", 69_000),
        ("이월취소금액", -9_900),
        ("청구 금액", 59_100),
    ]
    sum_of_rows = [row[6] for row in rows if row[0] == "합계"]
    assert sum_of_rows == [69_000]
