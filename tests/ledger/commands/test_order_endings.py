"""Coupons that were used or have expired: the issuer's word is kept, and the policy's share goes back once."""

from __future__ import annotations

import pytest

from ledger.commands.charges import ChargeAccount
from ledger.commands.order_endings import EndCoupons
from ledger.commands.order_voids import RecordVoided, RequestVoid
from ledger.commands.order_work import ResendMessages
from ledger.commands.standing import CloseAccount
from tests.aggregates.orders import line
from tests.ledger.commands.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop(100_000)


def two(shop: Shop, price: int = 9_900) -> str:
    """Return an order of one coupon each for two recipients, issued and sent."""
    order_id = shop.place((line(price),), recipients=2)
    shop.issued(order_id, 0, 1)
    shop.reached(order_id, 0, 1)
    return order_id


def test_an_expired_coupon_returns_nothing_by_default(shop: Shop) -> None:
    """SPEC R-035: no money back by default; the status is kept."""
    order_id = two(shop)

    ended = shop.ended(order_id, used=(0,), expired=(1,))

    assert shop.states(order_id) == ["used", "expired"]
    assert (shop.balance(), shop.money(order_id)) == (100_000 - 19_800, (0, 19_800, 0))
    assert ended == {
        "id": order_id,
        "used": 1,
        "expired": 1,
        "refund_rate": 0,
        "amount": 19_800,
        "confirmed_amount": 19_800,
        "held": 0,
        "returned": 0,
    }


@pytest.mark.parametrize(("rate", "back"), [(0, 0), (1, 38), (50, 1_927), (90, 3_469), (99, 3_816), (100, 3_855)])
def test_the_policy_returns_its_share_of_an_expired_coupon_rounded_down(shop: Shop, rate: int, back: int) -> None:
    """SPEC R-035: `expired_refund_rate` 0..100 % of the price, each coupon rounded down to a whole won."""
    shop.refund_rate = rate
    order_id = two(shop, price=3_855)

    shop.ended(order_id, expired=(0,))

    assert (shop.balance(), shop.money(order_id)) == (100_000 - 7_710 + back, (0, 7_710 - back, back))


def test_each_coupon_is_rounded_for_itself(shop: Shop) -> None:
    """SPEC R-035: two coupons of 15 at 90 % return 13 each, not 27 together."""
    shop.refund_rate = 90
    order_id = two(shop, price=15)

    assert shop.ended(order_id, expired=(0, 1))["returned"] == 26


def test_the_share_returns_once(shop: Shop) -> None:
    shop.refund_rate = 90
    order_id = two(shop)
    shop.ended(order_id, expired=(0,))

    codes = [shop.code(EndCoupons(order_id, used, expired, 90)) for used, expired in (((), (0,)), ((0,), ()))]

    assert codes == ["coupon_not_in_use"] * 2
    assert shop.money(order_id) == (0, 19_800 - 8_910, 8_910)


def test_a_used_coupon_returns_nothing_whatever_the_policy(shop: Shop) -> None:
    shop.refund_rate = 100
    order_id = two(shop)

    assert shop.ended(order_id, used=(0, 1))["returned"] == 0


def test_the_share_returns_to_the_lots_it_came_from() -> None:
    """SPEC R-035, R-076: the last lot taken is filled first."""
    shop = Shop(5_000)
    shop.do(ChargeAccount(shop.account_id, 5_000, "card", None))
    shop.refund_rate = 50
    order_id = two(shop, price=4_000)

    shop.ended(order_id, expired=(0, 1))

    assert [lot.remaining_minor for lot in shop.account(shop.account_id).lots] == [1_000, 5_000]


def test_a_share_leaves_alone_what_is_held_for_the_others(shop: Shop) -> None:
    """SPEC R-035, R-045: recipient 1 has not chosen yet when the coupon that recipient 0 chose expires."""
    shop.refund_rate = 100
    order_id = shop.choice(29_700, 9_900, recipients=2)
    shop.reached(order_id, 0, 1)
    shop.picked(order_id, 0, 1)

    shop.ended(order_id, expired=(0,))

    assert shop.money(order_id) == (29_700, 0, 29_700)


def test_only_coupons_in_use_can_end(shop: Shop) -> None:
    order_id = shop.place((line(9_900),), recipients=4)
    shop.issued(order_id, 0, 1, 2)
    shop.failed(order_id, 3)
    shop.reached(order_id, 0, 1)
    shop.do(RequestVoid(order_id, (0,), "sent by mistake"))

    codes = [shop.code(EndCoupons(order_id, (), (coupon,))) for coupon in (0, 2, 3)]

    assert codes == ["coupon_not_in_use"] * 3
    assert shop.ended(order_id, expired=(1,))["expired"] == 1


@pytest.mark.parametrize(
    ("used", "expired", "rate"),
    [((), (), 0), ((0,), (0,), 0), ((2,), (), 0), ((), (-1,), 0), ((0,), (), -1), ((), (0,), 101)],
)
def test_an_ending_names_coupons_of_the_order_and_a_rate_up_to_100(
    shop: Shop, used: tuple[int, ...], expired: tuple[int, ...], rate: int
) -> None:
    order_id = two(shop)

    assert shop.code(EndCoupons(order_id, used, expired, rate)) == "malformed"


def test_a_void_refused_as_expired_lets_the_coupon_expire_afterwards(shop: Shop) -> None:
    """SPEC R-034, R-035."""
    shop.refund_rate = 90
    order_id = two(shop)
    void = shop.voiding(order_id, 0)
    shop.do(RecordVoided(order_id, void, (), (0,), "coupon_expired"))

    shop.ended(order_id, expired=(0,))

    assert shop.states(order_id)[0] == "expired"
    assert shop.code(RequestVoid(order_id, (0,), "again")) == "coupon_not_voidable"


def test_an_ended_coupon_is_not_sent_again(shop: Shop) -> None:
    """SPEC R-037: nothing is left to deliver."""
    order_id = two(shop)
    shop.ended(order_id, used=(0,), expired=(1,))

    assert [shop.code(ResendMessages(order_id, (who,))) for who in (0, 1)] == ["resend_not_possible"] * 2


def test_nothing_returns_to_an_account_that_was_closed_meanwhile() -> None:
    """SPEC R-035: whoever closes an account gives up the shares of coupons that may expire later."""
    shop = Shop(19_800)
    shop.refund_rate = 90
    order_id = two(shop)
    shop.do(CloseAccount(shop.account_id, "moved away"))

    shop.refund_rate = 0
    ended = shop.ask(EndCoupons(order_id, (), (0, 1), 90))

    assert (ended["refund_rate"], ended["returned"], shop.states(order_id)) == (0, 0, ["expired", "expired"])
