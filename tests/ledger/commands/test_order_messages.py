"""Messages: who gets which, what became of them, resends, and the counters of an order (SPEC 3.3, 3.4, R-036 on)."""

from __future__ import annotations

import pytest

from ledger.commands.order_work import RecordIssued, RecordMessages, RequestMessages, ResendMessages, SendLink
from tests.aggregates.orders import line
from tests.aggregates.scenario import kst
from tests.ledger.commands.shop import Shop

COFFEE, CAKE = line(9_900, 10_000), line(4_950, 5_000)


@pytest.fixture
def shop() -> Shop:
    return Shop(1_000_000)


def test_a_general_order_issues_first_and_sends_then(shop: Shop) -> None:
    """SPEC 3.5: nothing is sent before all coupons of a recipient have their result."""
    order_id = shop.place((COFFEE, CAKE))
    send = RequestMessages(order_id, 1, (0,))

    before = shop.code(send)
    shop.issued(order_id, 0)
    half = shop.code(send)
    batch = shop.issue(order_id, 0, line=1)
    asked = shop.code(send)
    shop.do(RecordIssued(order_id, batch, (), (0,), "sold_out"))

    assert (before, half, asked) == ("message_not_due",) * 3
    assert shop.ask(send) == {"id": order_id, "purpose": "first", "batches": [{"batch": 1, "recipients": 1}]}
    assert shop.code(RequestMessages(order_id, 2, (0,))) == "message_not_due"


def test_a_recipient_with_one_coupon_of_two_still_gets_a_message(shop: Shop) -> None:
    """SPEC R-044."""
    order_id = shop.place((COFFEE, CAKE))
    shop.issued(order_id, 0)
    shop.failed(order_id, 0, line=1)

    assert shop.reached(order_id, 0)["counts"]["success"] == 1


def test_a_choice_order_sends_first_and_issues_on_selection(shop: Shop) -> None:
    """SPEC 3.5."""
    order_id = shop.choice(29_700, 9_900)

    shop.reached(order_id, 0)

    assert (shop.states(order_id), shop.counts(order_id)) == (["open"], (0, 1, 0, 0))
    assert shop.order(order_id).status == "dispatched"


def test_total_is_success_and_progress_and_failure_and_error(shop: Shop) -> None:
    """SPEC 3.4; the order is dispatched with the last recipient, and not before (SPEC 3.3, R-044)."""
    order_id = shop.place((COFFEE,), recipients=5)
    shop.issued(order_id, 0, 1, 2, 3)
    shop.failed(order_id, 4)
    batch = shop.send(order_id, 0, 1, 2, 3)

    first = shop.ask(RecordMessages(order_id, batch, (0,), (1,), ()))
    status = shop.order(order_id).status
    second = shop.ask(RecordMessages(order_id, batch, (), (), (2, 3)))

    assert (first["counts"], first["unsettled"]) == (
        {"total": 5, "success": 2, "progress": 2, "failure": 0, "error": 1},
        2,
    )
    assert (status, shop.order(order_id).status) == ("sending", "dispatched")
    assert second["counts"] == {"total": 5, "success": 2, "progress": 0, "failure": 2, "error": 1}
    assert shop.money(order_id) == (0, 39_600, 9_900)


def test_an_undelivered_message_returns_no_money(shop: Shop) -> None:
    """SPEC R-032."""
    order_id = shop.place((COFFEE,))
    shop.issued(order_id, 0)

    shop.missed(order_id, 0)

    assert shop.money(order_id) == (0, 9_900, 0)


def test_a_resend_may_turn_a_failure_into_a_success_and_changes_no_order(shop: Shop) -> None:
    """SPEC R-036."""
    order_id = shop.place((COFFEE,), recipients=2)
    shop.issued(order_id, 0, 1)
    shop.missed(order_id, 0)
    shop.reached(order_id, 1)

    batch = shop.resend(order_id, 0, 1)
    answer = shop.ask(RecordMessages(order_id, batch, (), (0,), (1,)))

    assert answer["purpose"] == "resend"
    assert shop.counts(order_id) == (0, 2, 0, 0)
    assert shop.order(order_id).status == "dispatched"


def test_a_recipient_gets_three_resends_and_no_fourth(shop: Shop) -> None:
    """SPEC D2, R-036: 3/3."""
    order_id = shop.place((COFFEE,))
    shop.issued(order_id, 0)
    shop.missed(order_id, 0)

    for _ in range(3):
        shop.ask(RecordMessages(order_id, shop.resend(order_id, 0), (), (), (0,)))
    refused = shop.refusal(ResendMessages(order_id, (0,)))

    assert (refused.code, refused.figures["maximum"]) == ("resend_limit_reached", 3)
    assert shop.counts(order_id) == (0, 0, 1, 0)


def test_resends_are_for_success_and_failure_alone(shop: Shop) -> None:
    """SPEC D2, R-037: not in progress, not in error, not while one is under way."""
    order_id = shop.place((COFFEE,), recipients=3)
    shop.issued(order_id, 0, 1)
    shop.failed(order_id, 2)
    shop.reached(order_id, 1)
    shop.resend(order_id, 1)

    assert [shop.code(ResendMessages(order_id, (recipient,))) for recipient in (0, 1, 2)] == ["resend_not_possible"] * 3


def test_a_recipient_whose_coupons_are_all_voided_gets_no_resend(shop: Shop) -> None:
    """SPEC R-037: with one of two left it does."""
    order_id = shop.place((COFFEE, CAKE))
    shop.issued(order_id, 0)
    shop.issued(order_id, 0, line=1)
    shop.reached(order_id, 0)

    shop.voided(order_id, 0)
    shop.do(RecordMessages(order_id, shop.resend(order_id, 0), (0,), (), ()))
    shop.voided(order_id, 1)

    assert shop.code(ResendMessages(order_id, (0,))) == "resend_not_possible"


def test_a_choice_that_can_no_longer_be_made_is_not_sent_again(shop: Shop) -> None:
    """SPEC R-038: inside the 7 days of the first attempt it is."""
    order_id = shop.choice(29_700, 9_900)
    shop.missed(order_id, 0)

    shop.at("2024-11-04 23:59").do(RecordMessages(order_id, shop.resend(order_id, 0), (), (), (0,)))

    assert shop.at("2024-11-05 00:00").code(ResendMessages(order_id, (0,))) == "choice_window_closed"
    shop.give_up(order_id, 0)
    assert shop.code(ResendMessages(order_id, (0,))) == "resend_not_possible"


def test_many_resends_are_batches_of_500(shop: Shop) -> None:
    order_id = shop.place((line(990),), recipients=750)
    for first in (0, 500):
        recipients = range(first, min(first + 500, 750))
        shop.issued(order_id, *recipients)
        shop.reached(order_id, *recipients)

    answer = shop.ask(ResendMessages(order_id, tuple(range(750))))

    assert answer["batches"] == [{"batch": 3, "recipients": 500}, {"batch": 4, "recipients": 250}]
    assert shop.code(ResendMessages(order_id, ())) == "malformed"
    assert shop.code(ResendMessages(order_id, (1, 1))) == "malformed"
    assert shop.code(ResendMessages(order_id, (750,))) == "malformed"


@pytest.mark.parametrize(("at", "code"), [("2024-11-05 08:59:59", "message_not_due"), ("2024-11-05 09:00", None)])
def test_people_hear_of_an_auto_sent_item_from_09_00(shop: Shop, at: str, code: str | None) -> None:
    """SPEC R-038: issued at 00:00, told at 09:00."""
    order_id = shop.choice(29_700, 9_900)
    shop.reached(order_id, 0)
    shop.at("2024-11-05 00:00").auto(order_id, 0)
    shop.issued(order_id, 0, line=0)
    tell = RequestMessages(order_id, 2, (0,), "chosen")

    assert (shop.at(at).code(tell) if code else shop.at(at).do(tell).status) == (code or 200)


def test_people_hear_once_of_an_item_that_is_issued_and_it_changes_no_counter(shop: Shop) -> None:
    order_id = shop.choice(29_700, 9_900)
    shop.reached(order_id, 0)
    shop.at("2024-11-05 09:00").auto(order_id, 0)

    before_issuance = shop.code(RequestMessages(order_id, 2, (0,), "chosen"))
    shop.issued(order_id, 0, line=0)
    shop.do(RequestMessages(order_id, 2, (0,), "chosen"))
    shop.do(RecordMessages(order_id, 2, (), (), (0,)))

    assert before_issuance == "message_not_due"
    assert shop.counts(order_id) == (0, 1, 0, 0)
    assert shop.code(RequestMessages(order_id, 3, (0,), "chosen")) == "message_not_due"


def test_who_picked_an_item_is_not_told_that_it_was_chosen(shop: Shop) -> None:
    order_id = shop.choice(29_700, 9_900)
    shop.reached(order_id, 0)
    shop.picked(order_id, 0, 1)

    assert shop.code(RequestMessages(order_id, 2, (0,), "chosen")) == "message_not_due"
    assert shop.code(RequestMessages(order_id, 2, (0,), "resend")) == "malformed"


def test_the_day_of_sending_is_what_the_provider_says(shop: Shop) -> None:
    """SPEC R-038: a report that comes after midnight counts from the day before."""
    order_id = shop.choice(29_700, 9_900)
    batch = shop.send(order_id, 0)

    shop.at("2024-10-29 00:10").do(RecordMessages(order_id, batch, (0,), (), ()), kst("2024-10-28 23:59"))

    assert shop.order(order_id).reached_on(0) == kst("2024-10-28 23:59").date()


@pytest.mark.parametrize(
    ("alimtalk", "mms", "failed", "code"),
    [
        ((), (), (), "malformed"),
        ((0,), (0,), (), "malformed"),
        ((0,), (), (0,), "malformed"),
        ((2,), (), (), "recipient_not_in_batch"),
    ],
)
def test_a_report_is_about_the_recipients_of_its_batch(
    shop: Shop, alimtalk: tuple[int, ...], mms: tuple[int, ...], failed: tuple[int, ...], code: str
) -> None:
    order_id = shop.choice(29_700, 9_900, recipients=3)
    batch = shop.send(order_id, 0, 1)

    assert shop.code(RecordMessages(order_id, batch, alimtalk, mms, failed)) == code
    assert shop.code(RecordMessages(order_id, 9, (0,), (), ())) == "batch_not_open"


def test_a_report_that_comes_twice_changes_nothing(shop: Shop) -> None:
    order_id = shop.choice(29_700, 9_900, recipients=2)
    batch = shop.send(order_id, 0, 1)
    report = RecordMessages(order_id, batch, (0,), (), ())
    shop.do(report)

    assert shop.code(report) == "recipient_not_in_batch"
    shop.do(RecordMessages(order_id, batch, (1,), (), ()))
    assert shop.code(report) == "batch_not_open"


@pytest.mark.parametrize(("at", "code"), [("2024-10-29 09:59:59", "report_not_overdue"), ("2024-10-29 10:00", None)])
def test_a_message_without_a_report_counts_as_failed_after_24_hours(shop: Shop, at: str, code: str | None) -> None:
    order_id = shop.choice(29_700, 9_900)
    batch = shop.send(order_id, 0)
    unreported = RecordMessages(order_id, batch, (), (), (0,), (0,))

    assert (shop.at(at).code(unreported) if code else shop.at(at).do(unreported).status) == (code or 200)
    assert shop.counts(order_id) == ((1, 0, 0, 0) if code else (0, 0, 1, 0))
    assert shop.order(order_id).status == ("sending" if code else "dispatched")


def test_only_who_failed_can_be_unreported(shop: Shop) -> None:
    order_id = shop.choice(29_700, 9_900)
    batch = shop.send(order_id, 0)

    assert shop.at("2024-10-29 10:00").code(RecordMessages(order_id, batch, (0,), (), (), (0,))) == "malformed"


def test_a_new_link_is_sent_five_times_ten_minutes_apart_and_changes_no_counter_r_126(shop: Shop) -> None:
    """SPEC R-126."""
    order_id = shop.choice(29_700, 9_900, recipients=2)
    shop.missed(order_id, 0)
    shop.reached(order_id, 1)

    first = shop.ask(SendLink(order_id, 0))
    on_its_way = shop.code(SendLink(order_id, 0))
    shop.do(RecordMessages(order_id, first["batches"][0]["batch"], (0,), (), ()))
    too_soon = shop.pass_time(minutes=9, seconds=59).refusal(SendLink(order_id, 0))
    other = shop.ask(SendLink(order_id, 1))
    shop.pass_time(seconds=1)
    for _ in range(4):
        again = shop.ask(SendLink(order_id, 0))
        shop.do(RecordMessages(order_id, again["batches"][0]["batch"], (), (), (0,)))
        shop.pass_time(minutes=10)
    sixth = shop.refusal(SendLink(order_id, 0))

    assert (first["purpose"], other["purpose"], on_its_way) == ("link", "link", "link_on_its_way")
    assert (too_soon.code, too_soon.figures["wait_s"]) == ("link_limit_reached", 1)
    assert (sixth.code, sixth.figures["maximum"]) == ("link_limit_reached", 5)
    assert shop.counts(order_id) == (0, 1, 1, 0)
    assert shop.order(order_id).reached_on(0) is None
    assert list(shop.order(order_id).resends) == [0, 0]


def test_nobody_is_sent_a_link_before_the_order_is_sent(shop: Shop) -> None:
    order_id = shop.choice(29_700, 9_900, scheduled_at=kst("2024-10-28 11:00"))

    assert shop.code(SendLink(order_id, 0)) == "order_not_started"
    assert shop.code(SendLink(order_id, 1)) == "malformed"
