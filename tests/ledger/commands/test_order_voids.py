"""Voids: asked for, approved, confirmed by the issuer; money goes back only then (SPEC R-034)."""

from __future__ import annotations

import pytest

from aggregates.ids import stream_id
from aggregates.spend import Spend
from ledger.commands.charges import ChargeAccount
from ledger.commands.order_voids import ApproveVoid, RecordVoided, RejectVoid, RequestVoid
from ledger.commands.standing import CloseAccount
from tests.aggregates.orders import line
from tests.ledger.commands.shop import Shop

COUPON = line(3_913)


@pytest.fixture
def shop() -> Shop:
    return Shop(100_000)


@pytest.fixture
def order_id(shop: Shop) -> str:
    """Two coupons of 3,913 for one recipient, issued and sent."""
    return two_coupons(shop)


def test_a_confirmed_void_returns_its_price(shop: Shop, order_id: str) -> None:
    """SPEC 7, R-033, R-034: 7,826; one voided leaves 3,913 confirmed, both leave 0."""
    requested = shop.do(RequestVoid(order_id, (0,), "sent by mistake"))
    approved = shop.ask(ApproveVoid(order_id, 1))
    before = shop.balance()
    settled = shop.ask(RecordVoided(order_id, 1, (0,), ()))

    assert (requested.status, requested.body) == (
        201,
        {"id": order_id, "void": 1, "status": "requested", "coupons": [0], "reason": "sent by mistake"},
    )
    assert approved == {"id": order_id, "void": 1, "status": "approved", "coupons": [0]}
    assert (before, shop.balance()) == (100_000 - 7_826, 100_000 - 3_913)
    assert settled == {
        "id": order_id,
        "void": 1,
        "voided": [0],
        "refused": [],
        "unsettled": 0,
        "amount": 7_826,
        "confirmed_amount": 3_913,
        "held": 0,
        "returned": 3_913,
    }
    shop.voided(order_id, 1)
    assert (shop.money(order_id), shop.balance()) == ((0, 0, 7_826), 100_000)


def test_nothing_returns_before_the_issuer_confirms(shop: Shop, order_id: str) -> None:
    """SPEC R-034."""
    shop.do(RequestVoid(order_id, (0, 1), "sent by mistake"))

    assert shop.code(RecordVoided(order_id, 1, (0,), ())) == "void_not_approved"
    shop.do(ApproveVoid(order_id, 1))
    assert (shop.balance(), shop.money(order_id)) == (100_000 - 7_826, (0, 7_826, 0))
    assert shop.states(order_id) == ["voiding", "voiding"]


def test_a_used_coupon_stays_and_an_unknown_one_stays_open(shop: Shop, order_id: str) -> None:
    """SPEC R-034: partial voids; used or unknown keeps its money."""
    void = shop.voiding(order_id, 0, 1)

    first = shop.ask(RecordVoided(order_id, void, (), (0,), "used"))
    again = shop.code(RecordVoided(order_id, void, (0,), ()))
    second = shop.ask(RecordVoided(order_id, void, (1,), ()))

    assert (first["unsettled"], first["returned"]) == (1, 0)
    assert again == "coupon_not_in_void"
    assert (second["unsettled"], second["returned"]) == (0, 3_913)
    assert shop.states(order_id) == ["issued", "voided"]
    assert shop.code(RecordVoided(order_id, void, (1,), ())) == "void_not_approved"


def test_an_operator_may_turn_a_void_down(shop: Shop, order_id: str) -> None:
    shop.do(RequestVoid(order_id, (0,), "sent by mistake"))

    rejected = shop.ask(RejectVoid(order_id, 1, "already used"))

    assert (rejected["status"], shop.states(order_id)) == ("rejected", ["issued", "issued"])
    assert shop.code(ApproveVoid(order_id, 1)) == "void_already_decided"
    assert shop.code(RejectVoid(order_id, 1, "again")) == "void_already_decided"
    assert shop.code(RecordVoided(order_id, 1, (0,), ())) == "void_not_approved"
    assert shop.voiding(order_id, 0) == 2


def test_a_void_is_decided_once(shop: Shop, order_id: str) -> None:
    void = shop.voiding(order_id, 0)

    assert shop.code(ApproveVoid(order_id, void)) == "void_already_decided"
    assert shop.code(RejectVoid(order_id, void, "no")) == "void_already_decided"
    assert [shop.code(ApproveVoid(order_id, number)) for number in (0, 2)] == ["void_not_found"] * 2
    assert shop.code(RecordVoided(order_id, 2, (0,), ())) == "void_not_found"


def test_only_issued_coupons_of_recipients_that_are_done_can_be_voided(shop: Shop) -> None:
    order_id = shop.place((COUPON,), recipients=3)
    shop.issued(order_id, 0, 1)
    shop.failed(order_id, 2)
    shop.reached(order_id, 0)
    shop.do(RequestVoid(order_id, (0,), "once"))

    codes = [shop.code(RequestVoid(order_id, (coupon,), "x")) for coupon in (0, 1, 2)]

    assert codes == ["coupon_not_voidable"] * 3


@pytest.mark.parametrize("coupons", [(), (0, 0), (2,), (-1,), tuple(range(501))])
def test_a_void_names_coupons_of_the_order(shop: Shop, order_id: str, coupons: tuple[int, ...]) -> None:
    assert shop.code(RequestVoid(order_id, coupons, "x")) == "malformed"


def test_a_void_leaves_alone_what_is_held_for_the_others(shop: Shop) -> None:
    """SPEC R-034, R-045: recipient 1 has not chosen yet while recipient 0's coupon is voided."""
    order_id = shop.choice(29_700, 9_900, recipients=2)
    shop.reached(order_id, 0, 1)
    shop.picked(order_id, 0, 1)

    shop.voided(order_id, 0)
    between = shop.money(order_id)
    shop.picked(order_id, 1, 0)

    assert between == (29_700, 0, 29_700)
    assert shop.money(order_id) == (0, 29_700, 29_700)
    assert shop.balance() == 100_000 - 29_700


def test_a_void_after_the_hold_is_gone_is_kept_on_the_spends_own_stream(shop: Shop, order_id: str) -> None:
    own = shop.streams[stream_id(shop.order(order_id).spend_id)]
    assert isinstance(own, Spend)
    assert own.state is not None
    before = own.state.captured_minor

    shop.voided(order_id, 0)

    assert (before, own.state.captured_minor, own.state.returned_minor) == (7_826, 3_913, 3_913)


def test_a_void_of_a_choice_returns_what_was_chosen(shop: Shop) -> None:
    order_id = shop.choice(29_700, 9_900)
    shop.reached(order_id, 0)
    shop.picked(order_id, 0, 1)

    assert shop.voided(order_id, 0)["returned"] == 29_700
    assert shop.balance() == 100_000


def test_the_price_of_a_void_is_that_of_its_line() -> None:
    """SPEC P4, R-022: coupons of one recipient in the order of lines and quantities."""
    shop = Shop()
    order_id = shop.place((line(1_000, quantity=2), line(300)), recipients=2)
    for item, unit in ((0, 0), (0, 1), (1, 0)):
        shop.issued(order_id, 0, 1, line=item, unit=unit)
    shop.reached(order_id, 0, 1)

    returned = [shop.voided(order_id, coupon)["returned"] for coupon in (2, 4, 5)]

    assert returned == [300, 1_300, 1_600]


def test_voided_money_returns_to_the_lots_it_came_from() -> None:
    """SPEC R-076."""
    shop = Shop(5_000)
    shop.do(ChargeAccount(shop.account_id, 5_000, "card", None))
    order_id = shop.place((COUPON,), recipients=2)
    shop.issued(order_id, 0, 1)
    shop.reached(order_id, 0, 1)

    shop.voided(order_id, 0)

    assert [lot.remaining_minor for lot in shop.account(shop.account_id).lots] == [1_087, 5_000]


def test_a_postpaid_void_releases_the_limit_of_the_orders_month_and_what_is_owed() -> None:
    """SPEC R-019, R-034, R-084."""
    shop = Shop(100_000, mode="postpaid")
    order_id = shop.place((COUPON,), recipients=2)
    shop.issued(order_id, 0, 1)
    shop.reached(order_id, 0, 1)

    shop.at("2024-11-02 10:00").voided(order_id, 1)

    account = shop.account(shop.account_id)
    assert (account.used["2024-10"], account.receivable_minor) == (3_913, 3_913)


def test_an_account_stays_open_until_the_issuers_last_word_on_a_void() -> None:
    """SPEC R-034: everything else is at zero, and the money of an approved void may still come back."""
    shop = Shop(7_826)
    order_id = two_coupons(shop)
    void = shop.voiding(order_id, 0, 1)

    before = shop.refusal(CloseAccount(shop.account_id, "moved away"))
    shop.ask(RecordVoided(order_id, void, (), (0,), "coupon_used"))
    between = shop.refusal(CloseAccount(shop.account_id, "moved away"))
    shop.ask(RecordVoided(order_id, void, (1,), ()))
    after = shop.refusal(CloseAccount(shop.account_id, "moved away"))

    assert (before.code, before.figures) == ("account_not_empty", {"open_voids": 1})
    assert (between.code, between.figures) == ("account_not_empty", {"open_voids": 1})
    assert (after.code, after.figures, shop.balance()) == ("account_not_empty", {"balance": 3_913}, 3_913)


def test_an_account_is_closed_once_all_of_a_void_is_refused() -> None:
    shop = Shop(7_826)
    order_id = two_coupons(shop)
    shop.ask(RecordVoided(order_id, shop.voiding(order_id, 0, 1), (), (0, 1), "coupon_used"))

    assert shop.ask(CloseAccount(shop.account_id, "moved away"))["status"] == "closed"


def test_on_a_closed_account_nothing_is_voided_any_more() -> None:
    """A request that nobody has decided keeps no account open: it can only be turned down afterwards."""
    shop = Shop(7_826)
    order_id = two_coupons(shop)
    shop.do(RequestVoid(order_id, (0,), "sent by mistake"))
    shop.do(CloseAccount(shop.account_id, "moved away"))

    assert shop.code(RequestVoid(order_id, (1,), "sent by mistake")) == "account_closed"
    assert shop.code(ApproveVoid(order_id, 1)) == "account_closed"
    assert shop.ask(RejectVoid(order_id, 1, "closed"))["status"] == "rejected"


def two_coupons(shop: Shop) -> str:
    """Return an order of two coupons of 3,913, issued and sent."""
    order_id = shop.place((line(3_913, quantity=2),))
    shop.issued(order_id, 0, unit=0)
    shop.issued(order_id, 0, unit=1)
    shop.reached(order_id, 0)
    return order_id
