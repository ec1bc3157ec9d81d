"""Choices: selections, the 7 days, the designated item, items that are gone, and the money of each (SPEC P5-P8)."""

from __future__ import annotations

import pytest

from aggregates.account import Account
from aggregates.ids import child_id
from ledger.command import Command
from ledger.commands.charges import ChargeAccount
from ledger.commands.order_work import (
    AutoChoose,
    ChooseItem,
    GiveUpRecipients,
    RecordIssued,
    RecordMessages,
    RequestIssue,
)
from tests.aggregates.orders import line
from tests.ledger.commands.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop(100_000, at="2024-10-28 10:00")


def test_the_worked_example_of_p8(shop: Shop) -> None:
    """SPEC P7, P8, R-039: 59,400 taken, 19,800 and 28,710 back, 10,890 confirmed."""
    order_id = shop.choice(29_700, 9_900, 990, recipients=2, designated=2)
    shop.reached(order_id, 0, 1)

    taken = shop.balance()
    picked = shop.picked(order_id, 0, 1)
    shop.at("2024-11-05 00:00")
    assert shop.auto(order_id, 0, 1)["chosen"] == [{"line": 2, "recipients": [1]}]
    silent = shop.issued(order_id, 1, line=2)

    assert taken == 100_000 - 59_400
    assert (picked["returned"], picked["held"]) == (19_800, 29_700)
    assert (silent["returned"], silent["confirmed_amount"], silent["held"]) == (48_510, 10_890, 0)
    assert shop.balance() == 100_000 - 10_890


def test_each_selection_is_a_difference_refund_of_its_own(shop: Shop) -> None:
    """SPEC R-042, 5.3: one entry for each selection, under the order's number; none where nothing was cheaper."""
    order_id = shop.choice(29_700, 9_900, recipients=3)
    shop.reached(order_id, 0, 1, 2)
    for recipient, item in ((0, 1), (1, 1), (2, 0)):
        shop.choose(order_id, recipient, item)

    shop.issued(order_id, 0, 1, line=1)
    shop.issued(order_id, 2, line=0)

    entries = [fact for fact in shop.facts if isinstance(fact, Account.DifferenceRefunded)]
    assert [entry.amount_minor for entry in entries] == [19_800, 19_800]
    assert {(entry.reference, entry.reason) for entry in entries} == {("CB20241028C0001", "choice_confirmed")}


def test_a_postpaid_difference_releases_the_limit_of_the_orders_month_and_no_cash_moves() -> None:
    """SPEC 6, R-043, R-084: 59,400 in September; R1 picks 9,900 on 09-30, R2 29,700 on 10-02."""
    shop = Shop(100_000, mode="postpaid", at="2024-09-29 10:00")
    order_id = shop.choice(29_700, 9_900, recipients=2)
    shop.reached(order_id, 0, 1)

    used = [shop.account(shop.account_id).used["2024-09"]]
    shop.at("2024-09-30 10:00").picked(order_id, 0, 1)
    used.append(shop.account(shop.account_id).used["2024-09"])
    shop.at("2024-10-02 10:00").picked(order_id, 1, 0)

    account = shop.account(shop.account_id)
    assert (*used, account.used["2024-09"], account.used.get("2024-10", 0)) == (59_400, 39_600, 39_600, 0)
    assert (account.receivable_minor, account.balance_minor, len(account.lots)) == (39_600, 0, 0)


@pytest.mark.parametrize(
    ("at", "code"),
    [("2024-11-04 23:59:59", None), ("2024-11-05 00:00", "choice_window_closed")],
)
def test_a_recipient_chooses_until_24_00_of_the_seventh_day(shop: Shop, at: str, code: str | None) -> None:
    """SPEC R-002, R-038: sent 2024-10-28."""
    order_id = shop.choice(29_700, 9_900)
    shop.at("2024-10-28 23:59:59").reached(order_id, 0)
    shop.at(at)

    if code is None:
        assert shop.code(AutoChoose(order_id, (0,))) == "choice_window_open"
        shop.choose(order_id, 0, 1)
    else:
        assert shop.code(ChooseItem(order_id, 0, 1)) == code
        shop.auto(order_id, 0)
    assert shop.states(order_id) == ["chosen"]


def test_resends_do_not_restart_the_seven_days(shop: Shop) -> None:
    """SPEC R-038."""
    order_id = shop.choice(29_700, 9_900)
    shop.reached(order_id, 0)
    shop.at("2024-11-03 10:00")
    batch = shop.resend(order_id, 0)
    shop.ask(_reached(order_id, batch, 0))

    assert shop.at("2024-11-05 00:00").code(ChooseItem(order_id, 0, 1)) == "choice_window_closed"


def test_the_seven_days_begin_with_the_first_message_that_arrives(shop: Shop) -> None:
    """SPEC R-038: failed on 10-28, resent with success on 11-04, so until 24:00 of 11-11."""
    order_id = shop.choice(29_700, 9_900)
    shop.missed(order_id, 0)
    shop.at("2024-11-04 23:00")
    shop.ask(_reached(order_id, shop.resend(order_id, 0), 0))

    assert shop.at("2024-11-05 00:00").code(GiveUpRecipients(order_id, (0,), "not_delivered")) == "message_delivered"
    assert shop.at("2024-11-11 23:59").code(AutoChoose(order_id, (0,))) == "choice_window_open"
    shop.at("2024-11-12 00:00").auto(order_id, 0)
    assert shop.order(order_id).chosen[0] == 0


def test_nobody_reached_in_seven_days_gets_nothing_and_the_whole_price_returns(shop: Shop) -> None:
    """SPEC R-038."""
    order_id = shop.choice(29_700, 9_900, recipients=2)
    shop.missed(order_id, 0)
    shop.reached(order_id, 1)
    attempt = GiveUpRecipients(order_id, (0,), "not_delivered")

    assert shop.at("2024-11-04 23:59").code(attempt) == "choice_window_open"
    assert shop.at("2024-11-05 00:00").code(ChooseItem(order_id, 0, 1)) == "choice_window_closed"
    assert shop.code(AutoChoose(order_id, (0,))) == "choice_not_open"
    assert shop.code(GiveUpRecipients(order_id, (1,), "not_delivered")) == "message_delivered"
    answer = shop.ask(attempt)

    assert (answer["returned"], answer["held"], answer["reason"]) == (29_700, 29_700, "not_delivered")
    assert shop.states(order_id) == ["issue_failed", "open"]
    assert shop.code(attempt) == "already_chosen"


def test_a_recipient_to_whom_nothing_was_sent_neither_chooses_nor_is_given_up(shop: Shop) -> None:
    order_id = shop.choice(29_700, 9_900)

    assert shop.code(ChooseItem(order_id, 0, 1)) == "choice_not_open"
    assert shop.at("2024-12-28 10:00").code(GiveUpRecipients(order_id, (0,), "not_delivered")) == "choice_not_open"


def test_the_first_recorded_selection_is_final(shop: Shop) -> None:
    """SPEC R-046: a second pick, and the auto-send, come too late."""
    order_id = shop.choice(29_700, 9_900, recipients=2)
    shop.reached(order_id, 0, 1)
    shop.choose(order_id, 0, 1)

    assert shop.code(ChooseItem(order_id, 0, 0)) == "already_chosen"
    shop.at("2024-11-05 00:00")
    assert shop.code(AutoChoose(order_id, (0,))) == "already_chosen"
    assert shop.auto(order_id, 0, 1)["chosen"] == [{"line": 0, "recipients": [1]}]
    assert shop.code(ChooseItem(order_id, 1, 1)) == "already_chosen"


def test_an_item_that_fails_can_be_replaced_by_another_one(shop: Shop) -> None:
    """SPEC R-046: back to awaiting_choice without that item; no money moves yet."""
    order_id = shop.choice(29_700, 9_900, 990)
    shop.reached(order_id, 0)
    shop.choose(order_id, 0, 1)

    failed = shop.failed(order_id, 0, line=1)

    assert (failed["reopened"], failed["held"], failed["returned"]) == (1, 29_700, 0)
    assert shop.states(order_id) == ["open"]
    assert shop.code(ChooseItem(order_id, 0, 1)) == "item_gone"
    assert shop.picked(order_id, 0, 2)["returned"] == 28_710


def test_the_last_item_that_fails_returns_the_whole_price(shop: Shop) -> None:
    """SPEC R-041, R-046."""
    order_id = shop.choice(29_700, 9_900)
    shop.reached(order_id, 0)
    shop.choose(order_id, 0, 0)
    shop.failed(order_id, 0, line=0)
    shop.choose(order_id, 0, 1)

    failed = shop.failed(order_id, 0, line=1)

    assert (failed["reopened"], failed["held"], failed["returned"]) == (0, 0, 29_700)
    assert shop.states(order_id) == ["issue_failed"]
    assert shop.counts(order_id) == (0, 1, 0, 0)
    assert shop.code(ChooseItem(order_id, 0, 0)) == "already_chosen"


def test_an_item_that_is_off_sale_cannot_be_picked(shop: Shop) -> None:
    order_id = shop.choice(29_700, 9_900)
    shop.reached(order_id, 0)

    assert shop.code(ChooseItem(order_id, 0, 1, (1,))) == "item_gone"
    shop.choose(order_id, 0, 0, (1,))


@pytest.mark.parametrize(
    ("off_sale", "line_"),
    [((), 2), ((0,), 2), ((2,), 0), ((2, 0), 1)],
)
def test_a_designated_item_off_sale_is_replaced_by_the_dearest_left(
    shop: Shop, off_sale: tuple[int, ...], line_: int
) -> None:
    """SPEC R-040."""
    order_id = shop.choice(29_700, 9_900, 990, designated=2)
    shop.reached(order_id, 0)
    shop.at("2024-11-05 00:00")

    assert shop.auto(order_id, 0, off_sale=off_sale)["chosen"] == [{"line": line_, "recipients": [0]}]


def test_an_auto_sent_item_that_fails_is_replaced_by_another_one(shop: Shop) -> None:
    """SPEC R-040, R-046: never zero by accident."""
    order_id = shop.choice(29_700, 9_900, 990, designated=2)
    shop.reached(order_id, 0)
    shop.at("2024-11-05 00:00").auto(order_id, 0)
    shop.failed(order_id, 0, line=2)

    assert shop.code(ChooseItem(order_id, 0, 1)) == "choice_window_closed"
    assert shop.auto(order_id, 0)["chosen"] == [{"line": 0, "recipients": [0]}]
    assert shop.issued(order_id, 0, line=0)["confirmed_amount"] == 29_700


def test_without_an_item_left_the_auto_send_returns_the_whole_price(shop: Shop) -> None:
    """SPEC R-040, R-041: beside a recipient who still gets one."""
    order_id = shop.choice(29_700, 9_900, recipients=2)
    shop.reached(order_id, 0, 1)
    shop.choose(order_id, 0, 1)
    shop.failed(order_id, 0, line=1)
    shop.at("2024-11-05 00:00")

    answer = shop.auto(order_id, 0, 1, off_sale=(0,))

    assert answer == {"id": order_id, "chosen": [{"line": 1, "recipients": [1]}], "given_up": [0]}
    assert shop.money(order_id) == (29_700, 0, 29_700)


def test_all_items_discontinued_returns_the_whole_price_inside_the_window_too(shop: Shop) -> None:
    """SPEC R-041."""
    order_id = shop.choice(29_700, 9_900)
    shop.reached(order_id, 0)

    assert shop.code(GiveUpRecipients(order_id, (0,), "items_gone", (0,))) == "items_on_sale"
    assert shop.give_up(order_id, 0, reason="items_gone", off_sale=(0, 1))["returned"] == 29_700
    assert shop.code(GiveUpRecipients(order_id, (0,), "boredom")) == "malformed"


def test_an_order_whose_items_are_all_gone_before_it_is_sent_ends_without_a_message(shop: Shop) -> None:
    """SPEC O3, R-041, 3.4: an error is a recipient to whom nothing was sent, because nothing could be issued."""
    order_id = shop.choice(29_700, 9_900, recipients=3)
    batch = shop.send(order_id, 0)

    shop.give_up(order_id, 0, 1, 2, reason="items_gone", off_sale=(0, 1))

    assert (shop.counts(order_id), shop.order(order_id).status) == ((1, 0, 0, 2), "sending")
    shop.ask(_reached(order_id, batch, 0))
    assert (shop.counts(order_id), shop.order(order_id).status) == ((0, 1, 0, 2), "dispatched")
    assert shop.money(order_id) == (0, 0, 89_100)


def test_an_order_of_which_everything_is_given_up_is_dispatched(shop: Shop) -> None:
    order_id = shop.choice(29_700, 9_900, recipients=2)

    shop.give_up(order_id, 0, 1, reason="items_gone", off_sale=(0, 1))

    assert (shop.counts(order_id), shop.order(order_id).status) == ((0, 0, 0, 2), "dispatched")


def test_only_the_chosen_item_is_issued(shop: Shop) -> None:
    order_id = shop.choice(29_700, 9_900, recipients=2)
    shop.reached(order_id, 0, 1)
    shop.choose(order_id, 0, 1)

    assert shop.code(RequestIssue(order_id, 1, 0, (0,))) == "coupon_not_issuable"
    assert shop.code(RequestIssue(order_id, 1, 1, (0, 1))) == "coupon_not_issuable"
    assert shop.issued(order_id, 0, line=1)["issued"] == 1


def test_on_a_general_order_nobody_chooses(shop: Shop) -> None:
    order_id = shop.place((line(990), line(9_900)))
    commands: list[Command] = [
        ChooseItem(order_id, 0, 1),
        AutoChoose(order_id, (0,)),
        GiveUpRecipients(order_id, (0,), "not_delivered"),
    ]

    assert [shop.code(command) for command in commands] == ["not_a_choice_order"] * 3


@pytest.mark.parametrize(("recipient", "item"), [(1, 0), (-1, 0), (0, 2), (0, -1)])
def test_a_choice_is_of_a_recipient_and_an_item_of_the_order(shop: Shop, recipient: int, item: int) -> None:
    order_id = shop.choice(29_700, 9_900)

    assert shop.code(ChooseItem(order_id, recipient, item)) == "malformed"


def test_a_late_answer_of_an_earlier_batch_does_not_touch_a_later_one(shop: Shop) -> None:
    order_id = shop.choice(29_700, 9_900, 990)
    shop.reached(order_id, 0)
    shop.choose(order_id, 0, 1)
    first = shop.issue(order_id, 0, line=1)
    shop.ask(RecordIssued(order_id, first, (), (0,), "sold_out"))
    shop.choose(order_id, 0, 2)
    second = shop.issue(order_id, 0, line=2)

    assert shop.code(RecordIssued(order_id, first, (0,), ())) == "batch_not_open"
    assert shop.ask(RecordIssued(order_id, second, (0,), ()))["confirmed_amount"] == 990


def test_the_hold_goes_back_to_the_lots_in_reverse_order_of_taking() -> None:
    """SPEC R-076, 14: 30,000 consumed L1 20,000 then L2 10,000; a difference of 12,000 is L2 10,000 and L1 2,000."""
    shop = Shop(20_000)
    shop.do(ChargeAccount(shop.account_id, 10_000, "card", None))
    order_id = shop.choice(30_000, 18_000)
    shop.reached(order_id, 0)

    shop.picked(order_id, 0, 1)

    assert {lot.charge_id: lot.remaining_minor for lot in shop.account(shop.account_id).lots} == {
        child_id("chg", shop.account_id, 2): 2_000,
        child_id("chg", shop.account_id, 3): 10_000,
    }


def _reached(order_id: str, batch: int, *recipients: int) -> RecordMessages:
    return RecordMessages(order_id, batch, recipients, (), ())
