"""Orders over HTTP: from the cart to the coupon, who sees what, and what a request sent twice comes to."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from aggregates.dates import KST
from ledger.database import Database
from tests.api.counter import Counter
from tests.api.shop_front import ShopFront
from tests.ledger.desk import SetClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def front(counter: Counter, ledger_database: Database, clock: SetClock) -> AsyncIterator[ShopFront]:
    made = await ShopFront(counter, ledger_database, clock).open()
    made.feed()
    yield made
    await made.bench.close()


def money_of(order: dict[str, Any]) -> tuple[int, int, int, int]:
    return order["amount"], order["held"], order["confirmed_amount"], order["returned"]


# -- the worked example ----------------------------------------------------------------------------------------


async def test_worked_example_of_p8_over_http(front: ShopFront) -> None:
    products = [await front.product(price) for price in (29_700, 9_900, 990)]
    before = await front.see(f"/v1/accounts/{front.account_id}")

    placed = await front.order(products, ["01000001001", "01000001002"], kind="choice", designated=2)
    order_id = placed["id"]
    assert (placed["amount"], placed["designated"], placed["status"]) == (59_400, 2, "sending")
    await front.work()

    picked = await front.counter.post(f"/v1/orders/{order_id}/choices", {"recipient": 0, "line": 1})
    assert (picked.status_code, picked.json()["difference"]) == (200, 19_800)
    await front.work()
    between = await front.see(f"/v1/orders/{order_id}")
    assert money_of(between) == (59_400, 29_700, 9_900, 19_800)

    front.clock.advance(days=8)
    await front.work()

    after = await front.see(f"/v1/orders/{order_id}")
    assert money_of(after) == (59_400, 0, 10_890, 48_510)
    assert after["status"] == "dispatched"
    assert after["coupon_states"]["issued"] == 2
    balance = (await front.see(f"/v1/accounts/{front.account_id}"))["balance"]
    assert balance == before["balance"] - 10_890
    rows = (await front.see(f"/v1/accounts/{front.account_id}/transactions"))["items"]
    assert [row["amount"] for row in rows if row["type"] == "difference_refund"] == [28_710, 19_800]
    recipients = (await front.see(f"/v1/orders/{order_id}/recipients"))["items"]
    assert [(each["chosen"], each["chosen_by"]) for each in recipients] == [(1, "recipient"), (2, "service")]


async def test_a_general_order_is_sent_and_shown_with_all_columns_of_the_list(front: ShopFront) -> None:
    products = [await front.product(9_900, 10_000), await front.product(4_950, 5_000)]

    placed = await front.order(products, ["01000001003", "01000001004", "01000001005"])
    await front.work()

    assert (placed["list_amount"], placed["discount"], placed["amount"]) == (45_000, 450, 44_550)
    (row,) = (await front.see("/v1/orders"))["items"]
    assert row["number"] == placed["number"]
    assert (row["ordered_by"][:4], row["member_id"], row["name"], row["kind"]) == (
        "key_",
        None,
        "Autumn gifts",
        "general",
    )
    assert (row["amount"], row["recipients"], row["coupons"]) == (44_550, 3, 6)
    assert row["confirmed_amount"] is None
    assert row["counts"] == {"total": 3, "success": 3, "progress": 0, "failure": 0, "error": 0}
    assert row["status"] == "dispatched"
    assert row["dispatch_at"] == row["ordered_at"]
    detail = await front.see(f"/v1/orders/{placed['id']}")
    assert detail["confirmed_amount"] == 44_550
    assert [step["status"] for step in detail["steps"] if step["at"]] == ["sending", "dispatched"]


# -- retries ---------------------------------------------------------------------------------------------------


async def test_an_order_sent_twice_is_one_order_with_one_answer(front: ShopFront) -> None:
    products = [await front.product(9_900)]
    sent = {"idempotency_key": "order-0001-of-today"}

    first = await front.ask_order(products, ["01000001001"], sent=sent)
    again = await front.ask_order(products, ["01000001001"], sent=sent)
    other = await front.ask_order(products, ["01000001002"], sent=sent)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    front.feed()
    assert len((await front.see("/v1/orders"))["items"]) == 1


async def test_an_order_that_is_refused_keeps_nobody_and_says_the_same_again(front: ShopFront) -> None:
    product = await front.product(2_000_000)
    sent = {"idempotency_key": "order-too-dear-01"}

    first = await front.ask_order([product], ["01000001001"], sent=sent)
    again = await front.ask_order([product], ["01000001001"], sent=sent)

    assert (first.status_code, first.json()["code"]) == (422, "insufficient_funds")
    assert again.content == first.content
    assert await front.bench.vault.people.by_phone("01000001001") == ()


# -- the form --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": "n" * 51}, "order_name_invalid"),
        ({"dispatch_title": "t" * 17}, "dispatch_title_invalid"),
        ({"dispatch_title": "thanks!"}, "dispatch_title_invalid"),
        ({"consent": False}, "consent_required"),
        ({"kind": "choice"}, "lines_out_of_range"),
        ({"designated": 0}, "designated_invalid"),
        ({"to": ["01000001001", "010-0000-1001"]}, "duplicate_recipients"),
        ({"sender_profile_id": "snp_none"}, "sender_profile_not_found"),
    ],
)
async def test_a_form_that_breaks_a_rule_is_refused_by_its_name(
    front: ShopFront, given: dict[str, Any], code: str
) -> None:
    refused = await front.ask_order([await front.product(9_900)], **given)

    assert refused.status_code in (404, 422)
    assert refused.json()["code"] == code


async def test_a_name_that_is_not_given_is_the_time_in_seoul(front: ShopFront) -> None:
    order = await front.order([await front.product(9_900)], name=None)

    assert order["name"] == f"{front.clock.now().astimezone(KST):%Y%m%d%H%M} 주문건"


async def test_prices_are_those_of_the_decision_even_when_another_process_has_changed_them(front: ShopFront) -> None:
    product = await front.product(9_900, 10_000)
    await front.order([product])

    cheaper = {"options": [{"validity_days": 30, "sale_price": 9_000}]}
    await front.counter.post(f"/v1/products/{product}/change", cheaper, role="operator")
    second = await front.order([product])
    gone = await front.ask_order(["prd_01zzzzzzzzzzzzzzzz"])

    assert second["lines"][0]["sale_price"] == second["amount"] == 9_000
    assert (gone.status_code, gone.json()["code"]) == (404, "product_not_found")


async def test_a_preview_says_the_price_and_what_the_order_would_be_refused_for(front: ShopFront) -> None:
    product = await front.product(9_900, 10_000)
    front.feed()
    lines = [{"product_id": product, "validity_days": 30, "quantity": 1}]
    body = {"account_id": front.account_id, "kind": "general", "lines": lines, "recipients": 3}

    fits = await front.counter.send("POST", "/v1/orders/preview", body, idempotency_key=None)
    too_many = await front.counter.send("POST", "/v1/orders/preview", {**body, "recipients": 102}, idempotency_key=None)
    nobody = await front.counter.send("POST", "/v1/orders/preview", {**body, "member_id": "ann"}, idempotency_key=None)

    shown = fits.json()
    assert (shown["list_amount"], shown["discount"], shown["amount"]) == (30_000, 300, 29_700)
    assert (shown["orderable"], shown["code"]) == (True, None)
    assert (too_many.json()["orderable"], too_many.json()["code"]) == (False, "insufficient_funds")
    assert nobody.json()["code"] == "member_limit_not_granted"
    front.feed()
    assert (await front.see("/v1/orders"))["items"] == []
    assert (await front.see(f"/v1/accounts/{front.account_id}"))["balance"] == 1_000_000


# -- scheduled orders ------------------------------------------------------------------------------------------


async def test_a_scheduled_order_is_cancelled_with_all_its_money_or_sent_at_its_time_and_then_not_cancelled(
    front: ShopFront,
) -> None:
    product = await front.product(3_913)
    at = (front.clock.now() + timedelta(hours=2)).replace(second=0, microsecond=0)
    cancelled = await front.order([product], scheduled_at=at.isoformat())
    kept = await front.order([product], scheduled_at=at.isoformat())

    answer = await front.counter.post(f"/v1/orders/{cancelled['id']}/cancel", {"reason": "changed plans"})
    assert (answer.json()["status"], money_of(answer.json())) == ("cancelled", (3_913, 0, 0, 3_913))
    front.feed()
    shown = await front.see(f"/v1/orders/{kept['id']}")
    assert (shown["status"], shown["cancellable"], shown["statement_eligible"]) == ("scheduled", True, False)
    assert datetime.fromisoformat(shown["dispatch_at"]) == at

    front.clock.advance(hours=2)
    await front.start()
    await front.work()
    late = await front.counter.post(f"/v1/orders/{kept['id']}/cancel")

    assert (late.status_code, late.json()["code"]) == (409, "order_not_scheduled")
    assert (await front.see(f"/v1/orders/{kept['id']}"))["status"] == "dispatched"


# -- who sees what ---------------------------------------------------------------------------------------------


async def test_a_sub_orders_within_its_limit_and_sees_its_own_a_master_those_of_both_an_operator_all(
    front: ShopFront,
) -> None:
    counter, account = front.counter, front.account_id
    await counter.send("PUT", f"/v1/accounts/{account}/members/ann/limit", {"monthly_limit": 50_000}, role="operator")
    master, sub = await counter.role_key("master", account), await counter.role_key("sub", account, "ann")
    product = await front.product(9_900)
    body = front.body([product])
    del body["account_id"]

    of_sub = await counter.post("/v1/orders", body, key=sub)
    too_much = {**body, "recipients": {"rows": [{"phone": f"0100000100{number}"} for number in range(6)]}}
    refused = await counter.post("/v1/orders", too_much, key=sub)
    of_master = await counter.post("/v1/orders", body, key=master)
    by_operator = await counter.post("/v1/orders", front.body([product]), role="operator")
    front.feed()

    assert (of_sub.status_code, of_sub.json()["member_id"]) == (201, "ann")
    assert (refused.status_code, refused.json()["code"]) == (422, "member_limit_exceeded")
    assert by_operator.status_code == 403

    async def ids_seen(**who: Any) -> list[str]:
        return [each["id"] for each in (await front.see("/v1/orders", **who))["items"]]

    both = [of_master.json()["id"], of_sub.json()["id"]]
    assert await ids_seen(key=sub) == both[1:]
    assert await ids_seen(key=master) == await ids_seen(role="operator") == both
    foreign = await counter.get(f"/v1/orders/{both[0]}", key=sub)
    missing = await counter.get("/v1/orders/ord_" + front.account_id[4:] + "99", key=sub)
    assert (foreign.status_code, foreign.json()["code"]) == (missing.status_code, missing.json()["code"])
    for path in ("recipients", "voids", "recipients/download"):
        assert (await counter.get(f"/v1/orders/{both[0]}/{path}", key=sub)).status_code == 404
    assert (await counter.post(f"/v1/orders/{both[0]}/cancel", key=sub)).status_code == 404


async def test_people_are_in_clear_for_who_ordered_masked_for_others_and_coupons_masked_for_all(
    front: ShopFront,
) -> None:
    order = await front.order([await front.product(9_900)], ["01012345678"])
    await front.work()
    path = f"/v1/orders/{order['id']}/recipients"
    master = await front.counter.role_key("master", front.account_id)

    (own,) = (await front.see(path, key=master))["items"]
    (masked,) = (await front.see(path, role="operator"))["items"]

    assert (own["phone"], own["name"]) == ("01012345678", "Guest 0")
    assert (masked["phone"], masked["name"]) == ("***-***-5678", "G**")
    for each in (own, masked):
        (coupon,) = each["coupons"]
        assert coupon["state"] == "issued"
        assert coupon["number"].startswith("***-***-")
        assert coupon["valid_until"] == (front.clock.now().astimezone(KST).date() + timedelta(days=30)).isoformat()


async def test_recipients_are_downloaded_as_csv_and_xlsx_without_formulas(front: ShopFront) -> None:
    product = await front.product(9_900)
    rows = {"rows": [{"phone": "01000001001", "name": "=1+1"}, {"phone": "01000001002", "name": "Nari"}]}
    order = await front.order([product, product], recipients=rows)
    await front.work()
    master = await front.counter.role_key("master", front.account_id)
    path = f"/v1/orders/{order['id']}/recipients/download"

    csv = await front.counter.get(path, key=master)
    xlsx = await front.counter.get(path + "?form=xlsx", key=master)

    lines = csv.text.splitlines()
    assert csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert csv.headers["content-disposition"] == f"attachment; filename={order['number']}.csv"
    assert len(lines) == 1 + 4
    assert lines[1].split(",")[:3] == ['"0"', '"01000001001"', '"\'=1+1"']
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(xlsx.content)).get_sheet_by_index(0).to_python()
    assert [row[2] for row in sheet] == ["name", "=1+1", "=1+1", "Nari", "Nari"]


# -- lists -----------------------------------------------------------------------------------------------------


async def test_the_list_has_pages_of_fifty_and_filters(front: ShopFront) -> None:
    product = await front.product(10)
    other = await front.product(20)
    placed = [await front.order([product]) for _ in range(52)]
    choice = await front.order([product, other], kind="choice")
    front.feed()

    first = await front.see("/v1/orders")
    second = await front.see(f"/v1/orders?cursor={first['next_cursor']}")
    kinds = await front.see("/v1/orders?kind=choice")
    by_number = await front.see(f"/v1/orders?number={placed[3]['number']}")
    today = front.clock.now().astimezone(KST).date()
    tomorrow = await front.see(f"/v1/orders?from_date={today + timedelta(days=1)}")
    todays = await front.see(f"/v1/orders?to_date={today}&status=sending&limit=200&account_id={front.account_id}")

    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (50, 3, None)
    numbers = [each["number"] for each in (*first["items"], *second["items"])]
    assert numbers == [each["number"] for each in (choice, *reversed(placed))]
    assert [each["id"] for each in kinds["items"]] == [choice["id"]]
    assert [each["id"] for each in by_number["items"]] == [placed[3]["id"]]
    assert (len(tomorrow["items"]), len(todays["items"])) == (0, 53)


async def test_the_list_is_downloaded_with_its_columns_and_no_confirmed_amount_of_general_orders(
    front: ShopFront,
) -> None:
    """SPEC 3.6, R-033."""
    dear, cheap = await front.product(29_700), await front.product(9_900)
    general = await front.order([cheap], name="=1+1")
    choice = await front.order([dear, cheap], kind="choice")
    front.feed()
    master = await front.counter.role_key("master", front.account_id)
    stranger = await front.counter.role_key("master", await front.counter.account())

    csv = await front.counter.get("/v1/orders/download", key=master)
    xlsx = await front.counter.get("/v1/orders/download?form=xlsx&kind=choice", key=master)
    nothing = await front.counter.get("/v1/orders/download", key=stranger)

    lines = [line[1:-1].split('","') for line in csv.text.splitlines()]
    assert csv.headers["content-disposition"] == "attachment; filename=orders.csv"
    assert lines[0][3:9] == ["name", "number", "kind", "amount", "confirmed_amount", "recipients"]
    assert [line[3:9] for line in lines[1:]] == [
        ["Autumn gifts", choice["number"], "choice", "29700", "0", "1"],
        ["'=1+1", general["number"], "general", "9900", "", "1"],
    ]
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(xlsx.content)).get_sheet_by_index(0).to_python()
    assert [row[4] for row in sheet] == ["number", choice["number"]]
    assert len(nothing.text.splitlines()) == 1


async def test_recipients_come_in_pages_in_their_order_and_by_state(front: ShopFront) -> None:
    phones = ["01000001001", "01000010002", "01000001003"]
    order = await front.order([await front.product(9_900)], phones)
    await front.work()
    path = f"/v1/orders/{order['id']}/recipients"

    first = await front.see(f"{path}?limit=2")
    second = await front.see(f"{path}?limit=2&cursor={first['next_cursor']}")
    failed = await front.see(f"{path}?dispatch=failed")

    assert [each["recipient"] for each in (*first["items"], *second["items"])] == [0, 1, 2]
    assert [(each["recipient"], each["dispatch"]) for each in failed["items"]] == [(1, "failed")]


# -- resends and voids -----------------------------------------------------------------------------------------


async def test_a_recipient_gets_three_resends_and_no_fourth(front: ShopFront) -> None:
    order = await front.order([await front.product(9_900)], ["01000010002"])
    await front.work()
    path = f"/v1/orders/{order['id']}/resend"

    for number in range(1, 4):
        sent = await front.counter.post(path, {"recipients": [0]})
        assert sent.status_code == 200, sent.text
        await front.work()
        (recipient,) = (await front.see(f"/v1/orders/{order['id']}/recipients"))["items"]
        assert (recipient["resends"], recipient["resends_max"]) == (number, 3)
    fourth = await front.counter.post(path, {"recipients": [0]})

    assert (fourth.status_code, fourth.json()["code"]) == (409, "resend_limit_reached")


async def test_a_void_moves_money_only_after_the_operator_and_the_issuer(front: ShopFront) -> None:
    order = await front.order([await front.product(3_913)], ["01000001001", "01000001002"])
    await front.work()
    path = f"/v1/orders/{order['id']}/voids"

    asked = await front.counter.post(path, {"coupons": [1], "reason": "wrong person"})
    assert (asked.status_code, asked.json()["void"], asked.json()["status"]) == (201, 1, "requested")
    by_master = await front.counter.post(
        f"{path}/1/approve", key=await front.counter.role_key("master", front.account_id)
    )
    front.feed()
    (waiting,) = (await front.see("/v1/voids?status=requested", role="operator"))["items"]
    approved = await front.counter.post(f"{path}/1/approve", role="operator")
    front.feed()
    before = await front.see(f"/v1/orders/{order['id']}")
    await front.work()
    after = await front.see(f"/v1/orders/{order['id']}")
    (settled,) = (await front.see(path))["items"]
    again = await front.counter.post(f"{path}/1/reject", {"reason": "too late"}, role="operator")

    assert by_master.status_code == 403
    assert (waiting["order_id"], waiting["coupons"]) == (order["id"], [1])
    assert approved.json()["status"] == "approved"
    assert money_of(before) == (7_826, 0, 7_826, 0)
    assert money_of(after) == (7_826, 0, 3_913, 3_913)
    assert (settled["status"], settled["voided"], settled["refused"]) == ("settled", 1, 0)
    assert (again.status_code, again.json()["code"]) == (409, "void_already_decided")
    assert (await front.counter.post(f"{path}/x/approve", role="operator")).json()["code"] == "void_not_found"


async def test_a_void_that_is_rejected_leaves_the_coupon_in_use(front: ShopFront) -> None:
    order = await front.order([await front.product(3_913)])
    await front.work()
    path = f"/v1/orders/{order['id']}/voids"
    await front.counter.post(path, {"coupons": [0], "reason": "mistake"})

    rejected = await front.counter.post(f"{path}/1/reject", {"reason": "it was used"}, role="operator")
    await front.work()

    assert rejected.json()["status"] == "rejected"
    (void,) = (await front.see(path))["items"]
    assert (void["status"], void["decision_reason"]) == ("rejected", "it was used")
    assert (await front.see(f"/v1/orders/{order['id']}"))["coupon_states"]["issued"] == 1


# -- statements and the main page ------------------------------------------------------------------------------


async def test_only_orders_in_sending_and_dispatched_can_be_stated_r_097(front: ShopFront) -> None:
    product = await front.product(3_913)
    sent = await front.order([product])
    await front.work()
    at = (front.clock.now() + timedelta(hours=2)).replace(second=0, microsecond=0)
    waits = await front.order([product], scheduled_at=at.isoformat())
    front.feed()

    async def check(**body: Any) -> dict[str, Any]:
        answer = await front.counter.send(
            "POST",
            "/v1/orders/statement-check",
            {"account_id": front.account_id, **body},
            role="auditor",
            idempotency_key=None,
        )
        checked: dict[str, Any] = answer.json()
        return checked

    selected = await check(order_ids=[sent["id"], waits["id"]])
    everything = await check()
    foreign = await check(order_ids=["ord_01zzzzzzzzzzzzzzzz1"])

    assert (selected["eligible"], [each["number"] for each in selected["refused"]]) == (False, [waits["number"]])
    assert (everything["eligible"], everything["orders"], everything["amount"]) == (True, 1, 3_913)
    assert foreign["code"] == "order_not_found"


async def test_the_main_page_shows_money_limit_and_orders_by_state(front: ShopFront) -> None:
    counter, account = front.counter, front.account_id
    await counter.send("PUT", f"/v1/accounts/{account}/members/ann/limit", {"monthly_limit": 50_000}, role="operator")
    product = await front.product(10_000)
    await front.order([product])
    await front.work()
    at = (front.clock.now() + timedelta(hours=2)).replace(second=0, microsecond=0)
    await front.order([product], scheduled_at=at.isoformat(), member_id="ann")
    front.feed()
    path = f"/v1/accounts/{account}/main-page"

    of_master = await front.see(path, key=await counter.role_key("master", account))
    of_sub = await front.see(path, key=await counter.role_key("sub", account, "ann"))

    assert (of_master["available"], of_master["mode"]) == (980_000, "prepaid")
    assert of_master["orders"] == {"scheduled": 1, "sending": 0, "dispatched": 1, "cancelled": 0}
    assert len(of_master["recent_orders"]) == 2
    assert "available" not in of_sub
    assert of_sub["limit"] == {"limit": 50_000, "used": 10_000, "remaining": 40_000}
    assert of_sub["orders"] == {"scheduled": 1, "sending": 0, "dispatched": 0, "cancelled": 0}
    assert [each["member_id"] for each in of_sub["recent_orders"]] == ["ann"]


async def test_no_number_or_name_of_a_recipient_is_in_any_fact_or_remembered_answer(front: ShopFront) -> None:
    placed = await front.ask_order([await front.product(9_900)], ["01098765432"])
    await front.work()

    facts = await front.counter.get("/v1/events?limit=200")

    for text in (placed.text, facts.text):
        assert "98765432" not in text
        assert "Guest" not in text
