"""What may be ordered: every boundary of the order form (SPEC 3.1, 3.2), and the facts of a placed order."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from aggregates.account.spends import NEVER
from aggregates.errors import LedgerError, Malformed
from aggregates.ids import stream_id
from aggregates.numbers import Numbers, order_number, series_id
from aggregates.order import Order
from aggregates.order.form import check_draft
from aggregates.order.placing import next_order_id
from tests.aggregates.orders import draft, line, tokens
from tests.aggregates.scenario import Scenario, kst

ORDERED_ON, NOW = date(2024, 10, 28), kst("2024-10-28 16:36:59")


def refused(**given: Any) -> str | None:
    """Return the code with which a draft is refused; None when it is not."""
    try:
        check_draft(draft(**given), ordered_on=ORDERED_ON, now=NOW)
    except LedgerError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "order_name_invalid"),
        (" ", "order_name_invalid"),
        ("가", None),
        ("가" * 49, None),
        ("나 1-!" * 10, None),
        ("가" * 51, "order_name_invalid"),
        ("line\nbreak", "order_name_invalid"),
        ("\x00", "order_name_invalid"),
        ("202410281636 주문건", None),
    ],
)
def test_an_order_name_has_1_to_50_characters(name: str, code: str | None) -> None:
    assert refused(name=name) == code


def test_the_fiftieth_character_of_a_name_is_the_last() -> None:
    assert [refused(name="b" * length) for length in (49, 50, 51)] == [None, None, "order_name_invalid"]


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("", "dispatch_title_invalid"),
        ("감" * 15, None),
        ("감" * 16, None),
        ("감" * 17, "dispatch_title_invalid"),
        ("Thanks2024ㅋㅎ", None),
        ("감사 합니다", "dispatch_title_invalid"),
        ("감사!", "dispatch_title_invalid"),
        ("merci_", "dispatch_title_invalid"),
        ("é", "dispatch_title_invalid"),
        ("感謝", "dispatch_title_invalid"),
        ("１２", "dispatch_title_invalid"),
        ("감사\n", "dispatch_title_invalid"),
        ("🎁", "dispatch_title_invalid"),
    ],
)
def test_a_dispatch_title_has_1_to_16_digits_or_letters_and_no_symbol(title: str, code: str | None) -> None:
    assert refused(dispatch_title=title) == code


@pytest.mark.parametrize(
    ("kind", "items", "code"),
    [
        ("choice", 1, "lines_out_of_range"),
        ("choice", 2, None),
        ("choice", 20, None),
        ("choice", 21, "lines_out_of_range"),
        ("general", 0, "lines_out_of_range"),
        ("general", 1, None),
        ("general", 20, None),
        ("general", 21, "lines_out_of_range"),
        ("gift", 2, "malformed"),
    ],
)
def test_how_many_items_an_order_has(kind: str, items: int, code: str | None) -> None:
    assert refused(kind=kind, lines=(line(990),) * items) == code


@pytest.mark.parametrize(
    ("kind", "quantities", "code"),
    [
        ("general", (0,), "quantity_out_of_range"),
        ("general", (2, 3), None),
        ("general", (50,), None),
        ("general", (25, 26), "quantity_out_of_range"),
        ("choice", (1, 1), None),
        ("choice", (1, 2), "quantity_out_of_range"),
    ],
)
def test_a_quantity_is_for_general_orders(kind: str, quantities: tuple[int, ...], code: str | None) -> None:
    """SPEC R-022."""
    assert refused(kind=kind, lines=tuple(line(990, quantity=quantity) for quantity in quantities)) == code


@pytest.mark.parametrize(("listed", "sold", "code"), [(990, 0, "malformed"), (990, 991, "malformed"), (990, 990, None)])
def test_a_price_is_1_up_to_the_list_price(listed: int, sold: int, code: str | None) -> None:
    assert refused(lines=(line(sold, listed),)) == code


@pytest.mark.parametrize(
    ("kind", "designated", "code"),
    [
        ("choice", None, None),
        ("choice", 0, None),
        ("choice", 1, None),
        ("choice", 2, "designated_invalid"),
        ("choice", -1, "designated_invalid"),
        ("general", 0, "designated_invalid"),
    ],
)
def test_the_designated_item_is_one_of_a_choice(kind: str, designated: int | None, code: str | None) -> None:
    """SPEC P8."""
    assert refused(kind=kind, lines=(line(990), line(9_900)), designated=designated) == code


@pytest.mark.parametrize(
    ("count", "code"), [(0, "recipients_out_of_range"), (1, None), (10_000, None), (10_001, "recipients_out_of_range")]
)
def test_an_order_has_1_to_10_000_recipients(count: int, code: str | None) -> None:
    assert refused(recipients=tokens(count)) == code


@pytest.mark.parametrize(
    "recipient", ["01000000000", "rcp_short", "rcp_" + "가" * 20, "rcp_" + "x" * 41, "dst_" + "0" * 20]
)
def test_a_recipient_is_a_vault_token_and_nothing_else(recipient: str) -> None:
    assert refused(recipients=(recipient,)) == "malformed"


@pytest.mark.parametrize("field", ["sender_profile_id", "template_id", "theme_id", "texts_token", "source"])
@pytest.mark.parametrize(
    ("word", "code"), [("spf_7", None), ("a b", "malformed"), ("김하늘", "malformed"), ("x" * 101, "malformed")]
)
def test_what_is_named_by_an_id_is_an_id(field: str, word: str, code: str | None) -> None:
    assert refused(**{field: word}) == code


@pytest.mark.parametrize(("length", "code"), [(367, None), (368, "malformed")])
def test_the_names_of_an_item_fit_into_a_fact(length: int, code: str | None) -> None:
    item = line(990, name="이" * length, brand="b" * 3, product_id="p" * 10, sku="s" * 20)

    assert refused(lines=(item,)) == code


def test_a_recipient_stands_in_an_order_once() -> None:
    assert refused(recipients=tokens(1) * 2) == "malformed"


@pytest.mark.parametrize(
    ("repeats", "allowed", "restricted", "code"),
    [
        (False, False, True, None),
        (True, False, False, "duplicate_recipients"),
        (True, True, False, None),
        (True, True, True, "duplicates_restricted"),
        (True, False, True, "duplicates_restricted"),
    ],
)
def test_numbers_repeat_when_the_order_and_every_item_allow_it(
    repeats: bool, allowed: bool, restricted: bool, code: str | None
) -> None:
    """SPEC R-026: what an item forbids no toggle allows."""
    lines = (line(990), line(9_900, duplicate_restricted=restricted))

    assert refused(lines=lines, duplicates=repeats, allow_duplicates=allowed) == code


def test_the_orderer_agrees_to_the_terms() -> None:
    assert refused(consent=False) == "consent_required"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("2024-10-28 16:36", "schedule_not_in_future"),
        ("2024-10-28 16:37", None),
        ("2024-10-28 16:37:30", "schedule_not_on_minute"),
        ("2024-11-26 10:00", None),
        ("2024-11-27 23:59", None),
        ("2024-11-28 00:00", "schedule_too_late"),
        ("9999-12-31 23:59", "schedule_too_late"),
    ],
)
def test_a_dispatch_is_scheduled_up_to_24_00_of_day_30(at: str, code: str | None) -> None:
    """SPEC O1, R-002, R-028: ordered 2024-10-28, latest 2024-11-27 23:59."""
    assert refused(scheduled_at=kst(at)) == code


@pytest.mark.parametrize(
    ("time", "code"), [("05:59", "schedule_at_night"), ("06:00", None), ("23:59", None), ("00:00", "schedule_at_night")]
)
def test_cash_convertible_goods_are_not_scheduled_at_night(time: str, code: str | None) -> None:
    """SPEC O2, R-026: the flag of the item decides, and only for scheduled dispatches (R-029)."""
    blocked = (line(990), line(9_900, night_schedule_blocked=True))

    assert refused(lines=blocked, scheduled_at=kst(f"2024-11-05 {time}")) == code
    assert refused(scheduled_at=kst(f"2024-11-05 {time}")) is None


def test_an_immediate_order_may_be_placed_at_night() -> None:
    """SPEC R-029."""
    night = draft(lines=(line(9_900, night_schedule_blocked=True),))

    check_draft(night, ordered_on=date(2024, 10, 28), now=kst("2024-10-28 03:00"))


def place(stage: Scenario, numbers: Numbers, member_id: str | None = None, **given: Any) -> Order:
    """Place an order on a stage's account."""
    order_id = next_order_id(stage.account)
    order = Order.blank(stream_id(order_id))
    order.place(
        stage.stamp,
        order_id=order_id,
        account=stage.account,
        numbers=numbers,
        member_id=member_id,
        draft=draft(**given),
    )
    return order


@pytest.fixture
def numbers() -> Numbers:
    return Numbers.blank(stream_id(series_id("order")))


def test_an_order_takes_its_amount_as_a_hold_that_no_clock_ends(numbers: Numbers) -> None:
    stage = Scenario(at="2024-10-28 16:36:59")
    stage.charged(50_000)

    order = place(stage, numbers, lines=(line(9_900, 10_000), line(4_950, 5_000)), recipients=tokens(3))

    facts: list[Any] = [*stage.facts(), *order.collect_events()]
    spent, placed, added, started = facts
    assert (spent.amount_minor, spent.held_minor, spent.reference, spent.expires_at) == (
        44_550,
        44_550,
        "CB20241028C0001",
        NEVER,
    )
    assert (placed.number, placed.spend_id, placed.amount_minor, placed.unit_minor) == (
        "CB20241028C0001",
        spent.spend_id,
        44_550,
        14_850,
    )
    assert (added.first, added.tokens) == (0, tokens(3))
    assert started.TOPIC == "order.dispatch_started"
    assert placed.order_id[4:] == spent.spend_id[4:]
    assert (order.status, order.held_minor, order.issued_minor, order.returned_minor) == ("sending", 44_550, 0, 0)


def test_a_scheduled_order_waits(numbers: Numbers) -> None:
    stage = Scenario(at="2024-10-28 16:36:59")
    stage.charged(50_000)

    order = place(stage, numbers, scheduled_at=kst("2024-11-27 23:59"))

    assert order.status == "scheduled"
    assert [fact.TOPIC for fact in order.collect_events()] == ["order.placed", "order.recipients_added"]


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (500, [500]), (501, [500, 1]), (1_250, [500, 500, 250])])
def test_recipients_are_recorded_500_in_a_fact(numbers: Numbers, count: int, sizes: list[int]) -> None:
    stage = Scenario()
    stage.charged(10_000_000)

    order = place(stage, numbers, lines=(line(990),), recipients=tokens(count))

    added = [fact for fact in order.collect_events() if isinstance(fact, Order.RecipientsAdded)]
    assert [len(fact.tokens) for fact in added] == sizes
    assert [fact.first for fact in added] == list(range(0, count, 500))
    assert tuple(token for fact in added for token in fact.tokens) == tokens(count)


def test_the_running_number_grows_over_days_and_past_four_digits(numbers: Numbers) -> None:
    """SPEC 3.1: CB20240920C0368 comes before CB20241002C0372; it does not begin anew each day."""
    assert order_number(date(2024, 9, 20), 368) == "CB20240920C0368"
    assert order_number(date(2024, 10, 28), 12_345) == "CB20241028C12345"
    stage = Scenario(at="2024-10-28 23:59:59")
    stage.charged(50_000)

    first = place(stage, numbers)
    stage.at("2024-10-29 00:00")
    second = place(stage, numbers)

    assert [first.number, second.number] == ["CB20241028C0001", "CB20241029C0002"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"lines": (line(50_001),)}, "insufficient_funds"),
        ({"name": ""}, "order_name_invalid"),
        ({"lines": (line(990, cash_convertible=True),)}, "cash_not_permitted"),
        ({"member_id": "mem_unknown"}, "member_limit_not_granted"),
    ],
)
def test_a_refused_order_records_nothing_and_draws_no_number(
    numbers: Numbers, given: dict[str, Any], code: str
) -> None:
    stage = Scenario()
    stage.charged(50_000)

    with pytest.raises(LedgerError) as refusal:
        place(stage, numbers, **given)

    assert refusal.value.code == code
    assert stage.facts() == []
    assert (numbers.last, list(numbers.pending)) == (0, [])


def test_orders_are_in_krw(numbers: Numbers) -> None:
    stage = Scenario(currency="CZK")
    stage.charged(50_000)

    with pytest.raises(LedgerError) as refusal:
        place(stage, numbers)

    assert refusal.value.code == "order_currency_unsupported"


def test_the_cash_convertible_limit_bears_the_order(numbers: Numbers) -> None:
    """SPEC P10, R-020."""
    stage = Scenario()
    stage.charged(50_000)
    stage.account.set_cash_limit(stage.stamp, limit_minor=10_000, reason="agreed")

    place(stage, numbers, lines=(line(9_900), line(5_000, cash_convertible=True)), recipients=tokens(2))
    with pytest.raises(LedgerError) as refusal:
        place(stage, numbers, lines=(line(990, cash_convertible=True),))

    assert refusal.value.code == "cash_limit_exceeded"
    assert refusal.value.figures["remaining"] == 0


def test_what_the_form_refuses_as_unreadable_is_malformed() -> None:
    with pytest.raises(Malformed):
        check_draft(draft(kind="both"), ordered_on=ORDERED_ON, now=NOW)
