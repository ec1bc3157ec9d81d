"""Anniversary rules, decision by decision: who may order when, for whom, and how often (SPEC 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from aggregates import ids
from aggregates.anniversary import AnniversaryRule
from aggregates.anniversary.facts import RecipientsListed, RuleCreated
from aggregates.anniversary.parts import (
    CATCH_UP_DAYS,
    RuleForm,
    RuleRecipient,
    dispatch_time,
    instant,
    occurrence_name,
    recipient,
    rule_lines,
)
from aggregates.anniversary.refusals import (
    AnniversaryInvalid,
    EndDatePast,
    ListBehind,
    OccurrenceDone,
    OccurrenceNotDue,
    RuleActive,
    RuleEnded,
    RuleNotActive,
    RuleNotFound,
    RuleNotOver,
    RuleTermsUnchanged,
    RuleUnchanged,
)
from aggregates.anniversary.rule import LIST_BATCH_MAX
from aggregates.calendar import Anniversary
from aggregates.errors import LedgerError, Malformed
from aggregates.fact import Mark, Stamp, set_mark
from aggregates.order.form import (
    ConsentRequired,
    DesignatedInvalid,
    DispatchTitleInvalid,
    DuplicateRecipients,
    DuplicatesRestricted,
    LinesOutOfRange,
    OrderNameInvalid,
    RecipientsOutOfRange,
)
from aggregates.product import Product
from ledger.mapper import STATE_BYTES_MAX, pack
from tests.aggregates.scenario import kst

FORM = RuleForm("Birthdays of the team", "general", None, "HappyBirthday", False, None, None, None, None)
DAY = date(2024, 9, 17)
NAMES = ("lunar:2024:08-15",)
CHUSEOK = Anniversary("lunar", 8, 15)


def at(text: str) -> Stamp:
    return Stamp(kst(text), kst(text), "key_owner", "req_test")


def product(sku: str = "LATTE", sale_minor: int = 990, **given: Any) -> Product:
    product_id = ids.named_id("prd", 0, sku)
    made = Product.blank(ids.stream_id(product_id))
    made.list_new(
        at("2024-01-01"),
        product_id=product_id,
        sku=sku,
        brand="Harbour Cafe",
        name="Cafe latte",
        category="cafe",
        currency="KRW",
        list_minor=60_000,
        sale_minor={30: sale_minor, 60: 5},
        **{"cash_convertible": False, **given},
    )
    return made


def people(count: int, day: Anniversary = CHUSEOK) -> tuple[RuleRecipient, ...]:
    return tuple(RuleRecipient(f"rcp_{n:032d}", day.calendar, day.month, day.day, None) for n in range(count))


class Owner:
    """One rule and the product it is made of."""

    def __init__(self, made_at: str = "2024-09-01 10:00", **given: Any) -> None:
        self.product = product(cash_convertible=given.pop("cash_convertible", False))
        self.rule = AnniversaryRule.blank(ids.stream_id("ann_test"))
        lines = rule_lines([self.product.line(30)], {self.product.product_id: self.product})
        values: dict[str, Any] = {
            "rule_id": "ann_test",
            "account_id": "acc_test",
            "member_id": None,
            "form": FORM,
            "lines": lines,
            "ends_on": None,
            "recipients": people(1),
            "duplicates": False,
            "consent": True,
            **given,
        }
        self.rule.create(at(made_at), **values)

    def change(self, text: str, **given: Any) -> None:
        rule = self.rule
        as_it_is: dict[str, Any] = {
            "form": rule.form,
            "lines": rule.lines,
            "ends_on": rule.ends_on,
            "recipients": None,
            "duplicates": False,
            "consent": True,
        }
        rule.change(at(text), **{**as_it_is, **given})

    def check(self, text: str, day: date = DAY, names: tuple[str, ...] = NAMES, list_number: int = 1) -> None:
        self.rule.check_due(at(text), day=day, occurrences=names, list_number=list_number)

    def order(self, text: str, day: date = DAY, names: tuple[str, ...] = NAMES) -> None:
        self.check(text, day, names)
        self.rule.note_order(at(text), day=day, occurrences=names, order_id="ord_test", recipients=1)


def test_a_rule_with_10_000_recipients_lists_them_in_facts_that_fit_in_a_row() -> None:
    owner = Owner(recipients=people(10_000, Anniversary("solar", 12, 31)))

    created, *rest = owner.rule.collect_events()
    listed = [each for each in rest if isinstance(each, RecipientsListed)]

    assert isinstance(created, RuleCreated)
    assert len(listed) == len(rest)
    assert created.recipients == 10_000
    assert [each.first for each in listed] == list(range(0, 10_000, LIST_BATCH_MAX))
    assert sum(len(each.recipients) for each in listed) == 10_000
    largest = listed[-1]
    fullest = tuple(replace(each, first_year=2030) for each in people(LIST_BATCH_MAX, Anniversary("solar", 12, 31)))
    again = RecipientsListed.MAKE(
        largest.originator_id, 9, largest.occurred_at, largest.recorded_at, "a", "r",
        rule_id="ann_" + "z" * 31, list_number=999_999, first=9_600, recipients=fullest,
    )  # fmt: skip
    set_mark(again, Mark("f" * 32, "anniversary-list/1", 26))
    assert len(pack(again)) <= STATE_BYTES_MAX


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"recipients": ()}, RecipientsOutOfRange),
        ({"recipients": people(10_001)}, RecipientsOutOfRange),
        ({"consent": False}, ConsentRequired),
        ({"ends_on": date(2024, 8, 31)}, EndDatePast),
        ({"ends_on": date(2024, 9, 1)}, None),
        ({"recipients": people(1, Anniversary("solar", 2, 30))}, AnniversaryInvalid),
        ({"recipients": people(1, Anniversary("lunar", 1, 31))}, AnniversaryInvalid),
        ({"recipients": people(1, Anniversary("solar", 2, 29))}, None),
        ({"cash_convertible": True, "duplicates": True, "form": replace(FORM, allow_duplicates=True)},
         DuplicatesRestricted),
    ],
)  # fmt: skip
def test_the_form_of_a_rule_is_that_of_an_order_with_dates_v2(
    given: dict[str, Any], error: type[LedgerError] | None
) -> None:
    if error is None:
        assert Owner(**given).rule.status == "active"
    else:
        with pytest.raises(error):
            Owner(**given)


@pytest.mark.parametrize(
    ("when", "due"),
    [
        ("2024-09-16 23:59:59", False),
        ("2024-09-17 01:59:59", False),
        ("2024-09-17 02:00", True),
        ("2024-09-17 23:59:59", True),
        ("2024-09-24 23:59:59", True),
        ("2024-09-25 00:00", False),
    ],
)
def test_an_order_is_made_from_02_00_on_and_caught_up_for_a_week_r_049(when: str, due: bool) -> None:
    owner = Owner()

    if due:
        owner.check(when)
    else:
        with pytest.raises(OccurrenceNotDue):
            owner.check(when)


@pytest.mark.parametrize(
    ("made_at", "due"),
    [("2024-09-17 01:59:59", True), ("2024-09-17 02:00", True), ("2024-09-17 02:00:01", False)],
)
def test_a_rule_that_was_made_after_02_00_waits_for_the_next_year_r_055(made_at: str, due: bool) -> None:
    owner = Owner(made_at)

    if due:
        owner.check("2024-09-17 02:30")
    else:
        with pytest.raises(OccurrenceNotDue):
            owner.check("2024-09-17 02:30")


@pytest.mark.parametrize(("ends_on", "due"), [(date(2024, 9, 16), False), (DAY, True)])
def test_the_end_date_is_the_last_day_that_counts_r_054(ends_on: date, due: bool) -> None:
    owner = Owner(ends_on=ends_on)

    if due:
        owner.check("2024-09-17 02:00")
    else:
        with pytest.raises(OccurrenceNotDue):
            owner.check("2024-09-17 02:00")


def test_an_occurrence_comes_once_whatever_the_day_r_051() -> None:
    owner = Owner("2023-12-01")
    twice = Anniversary("lunar", 11, 20)
    first, second = occurrence_name(twice, 2023), occurrence_name(twice, 2024)

    owner.order("2024-01-01 02:00", date(2024, 1, 1), (first,))
    with pytest.raises(OccurrenceDone):
        owner.check("2024-01-01 03:00", date(2024, 1, 1), (first,))
    owner.order("2024-12-20 02:00", date(2024, 12, 20), (second,))

    assert owner.rule.done == {first: date(2024, 1, 1), second: date(2024, 12, 20)}
    with pytest.raises(Malformed):
        owner.check("2025-01-01 02:00", date(2025, 1, 1), (occurrence_name(twice, 2025),))


def test_only_what_comes_on_the_day_can_be_ordered_for_it() -> None:
    owner = Owner()

    for names in ((), ("lunar:2024:08-16",), ("lunar:2023:08-15",), ("solar:2024:09-17", "solar:2024:09-18")):
        with pytest.raises(Malformed):
            owner.check("2024-09-17 02:00", names=names)
    owner.check("2024-09-17 02:00", names=("solar:2024:09-17", "lunar:2024:08-15"))


def test_the_list_that_counts_is_the_one_that_stood_at_02_00_v4() -> None:
    owner = Owner()
    owner.rule.replace_recipients(at("2024-09-17 02:00"), recipients=people(2), duplicates=False)
    owner.rule.replace_recipients(at("2024-09-17 02:00:01"), recipients=people(3), duplicates=False)

    for number in (1, 3):
        with pytest.raises(ListBehind):
            owner.check("2024-09-17 02:01", list_number=number)
    owner.check("2024-09-17 02:01", list_number=2)


def test_lists_that_no_day_can_ask_for_are_forgotten() -> None:
    owner = Owner()
    for day in range(2, 30):
        owner.rule.replace_recipients(at(f"2024-09-{day:02d} 10:00"), recipients=people(1), duplicates=False)

    numbers = [number for number, _ in owner.rule.lists]

    assert numbers[-1] == 29
    assert len(numbers) == CATCH_UP_DAYS + 2


def test_what_is_long_done_leaves_the_state() -> None:
    owner = Owner("2020-01-01")
    for year in range(2020, 2025):
        day = date(year, 9, 17)
        owner.order(f"{day} 02:00", day, (f"solar:{year}:09-17",))

    assert list(owner.rule.done) == ["solar:2022:09-17", "solar:2023:09-17", "solar:2024:09-17"]


@pytest.mark.parametrize("prices", [[1_090], [980], [1_090, 990]])
def test_any_change_of_a_price_suspends_the_rule_v6_r_052(prices: list[int]) -> None:
    owner = Owner()
    with pytest.raises(RuleTermsUnchanged):
        owner.rule.suspend(at("2024-09-10"), products=[owner.product])

    for price in prices:
        owner.product.change(at("2024-09-10"), sale_minor={30: price, 60: 5})
    owner.rule.suspend(at("2024-09-10 00:01"), products=[owner.product])

    assert owner.rule.status == "suspended"
    with pytest.raises(RuleNotActive):
        owner.check("2024-09-17 02:00")
    with pytest.raises(RuleNotActive):
        owner.rule.suspend(at("2024-09-11"), products=[owner.product])


def test_what_is_not_the_price_of_the_chosen_validity_suspends_nothing() -> None:
    owner = Owner()

    owner.product.change(at("2024-09-10"), sale_minor={30: 990, 60: 4, 90: 3}, list_minor=50_000, name="Latte")

    with pytest.raises(RuleTermsUnchanged):
        owner.rule.suspend(at("2024-09-10"), products=[owner.product])


@pytest.mark.parametrize("end", ["discontinued", "relisted", "not_offered"])
def test_an_item_that_was_gone_for_a_while_suspends_the_rule(end: str) -> None:
    owner = Owner()
    if end == "not_offered":
        owner.product.change(at("2024-09-10"), sale_minor={60: 5})
    else:
        owner.product.discontinue(at("2024-09-10"), reason="r")
    if end == "relisted":
        owner.product.relist(at("2024-09-11"), reason="r")

    assert owner.rule.broken_term([owner.product]) == (
        owner.product.product_id,
        "discontinued" if end == "discontinued" else "price_changed",
    )


def test_a_suspended_rule_goes_on_at_the_prices_of_now() -> None:
    owner = Owner()
    owner.product.change(at("2024-09-10"), sale_minor={30: 1_090, 60: 5})
    owner.rule.suspend(at("2024-09-10"), products=[owner.product])

    lines = rule_lines([owner.product.line(30)], {owner.product.product_id: owner.product})
    owner.rule.resume(at("2024-09-11"), lines=lines)

    assert owner.rule.broken_term([owner.product]) is None
    draft = owner.rule.draft(recipients=("rcp_x",), duplicates=False, scheduled_at=None, source="s")
    assert [line.sale_minor for line in draft.lines] == [1_090]
    owner.check("2024-09-17 02:00")


def test_a_paused_rule_can_be_suspended_too_and_orders_nothing_v5() -> None:
    owner = Owner()

    owner.rule.pause(at("2024-09-02"), reason="owner")
    with pytest.raises(RuleNotActive):
        owner.check("2024-09-17 02:00")
    owner.product.change(at("2024-09-10"), sale_minor={30: 1_090})
    owner.rule.suspend(at("2024-09-10"), products=[owner.product])

    assert owner.rule.status == "suspended"


def test_refusals_change_nothing() -> None:
    owner = Owner(ends_on=date(2024, 10, 1))
    ended = Owner()
    ended.rule.end(at("2024-09-02"), reason="owner")
    blank = AnniversaryRule.blank(ids.stream_id("ann_nothing"))
    lines = owner.rule.lines
    attempts: list[tuple[Callable[[], None], type[LedgerError]]] = [
        (lambda: owner.rule.resume(at("2024-09-02"), lines=lines), RuleActive),
        (lambda: owner.rule.end(at("2024-10-01 23:59:59"), reason="end_date"), RuleNotOver),
        (lambda: owner.rule.pause(at("2024-10-02"), reason="owner"), RuleEnded),
        (lambda: ended.rule.pause(at("2024-09-03"), reason="owner"), RuleEnded),
        (lambda: ended.rule.resume(at("2024-09-03"), lines=lines), RuleEnded),
        (lambda: ended.rule.end(at("2024-09-03"), reason="owner"), RuleEnded),
        (lambda: ended.rule.replace_recipients(at("2024-09-03"), recipients=people(1), duplicates=False), RuleEnded),
        (lambda: owner.rule.skip(at("2024-09-17 07:59:59"), day=DAY, occurrences=NAMES, code="c"), OccurrenceNotDue),
        (lambda: blank.pause(at("2024-09-03"), reason="owner"), RuleNotFound),
        (lambda: blank.check_due(at("2024-09-17 02:00"), day=DAY, occurrences=NAMES, list_number=1), RuleNotFound),
    ]
    for attempt, error in attempts:
        before = owner.rule.version, ended.rule.version, blank.version
        with pytest.raises(error):
            attempt()
        assert (owner.rule.version, ended.rule.version, blank.version) == before


def test_an_occurrence_is_given_up_from_08_00_on_and_the_rule_stays_on_r_050() -> None:
    owner = Owner()

    owner.rule.skip(at("2024-09-17 08:00"), day=DAY, occurrences=NAMES, code="insufficient_funds")

    assert owner.rule.status == "active"
    with pytest.raises(OccurrenceDone):
        owner.check("2024-09-17 08:30")
    with pytest.raises(OccurrenceDone):
        owner.rule.skip(at("2024-09-17 08:30"), day=DAY, occurrences=NAMES, code="insufficient_funds")
    owner.check("2025-10-06 02:00", date(2025, 10, 6), ("lunar:2025:08-15",))


@pytest.mark.parametrize(
    ("made", "sent"),
    [
        ("2024-09-17 02:00", "2024-09-17 09:00"),
        ("2024-09-17 08:59:59", "2024-09-17 09:00"),
        ("2024-09-17 09:00", None),
        ("2024-09-17 23:59:59", None),
        ("2024-09-18 00:00", "2024-09-18 09:00"),
        ("2024-09-18 09:00", "2024-09-19 09:00"),
    ],
)
def test_an_order_of_a_rule_is_sent_at_09_00_v3_r_048(made: str, sent: str | None) -> None:
    assert dispatch_time(DAY, kst(made)) == (kst(sent) if sent else None)


@pytest.mark.parametrize(
    ("calendar", "year", "today", "first_year"),
    [
        ("solar", 1990, date(2024, 9, 1), None),
        ("solar", 2024, date(2024, 9, 1), None),
        ("solar", 2025, date(2024, 9, 1), 2025),
        ("lunar", 2025, date(2025, 1, 28), 2025),
        ("lunar", 2025, date(2025, 1, 29), None),
    ],
)
def test_of_a_year_only_a_future_one_is_kept_r_053(
    calendar: Any, year: int, today: date, first_year: int | None
) -> None:
    assert recipient("rcp_x", calendar, year, 8, 15, today=today).first_year == first_year


def test_folding_the_facts_gives_the_live_rule_and_a_copy_is_independent() -> None:
    owner = Owner()
    owner.rule.replace_recipients(at("2024-09-02"), recipients=people(2), duplicates=False)
    owner.rule.pause(at("2024-09-03"), reason="owner")
    owner.rule.resume(at("2024-09-04"), lines=owner.rule.lines)
    owner.rule.note_order(at("2024-09-17 02:00"), day=DAY, occurrences=NAMES, order_id="ord_x", recipients=2)
    twin = owner.rule.copy()
    replayed: Any = None
    for fact in owner.rule.collect_events():
        replayed = fact.mutate(replayed)

    for name in AnniversaryRule.__slots__:
        assert getattr(replayed, name) == getattr(owner.rule, name) == getattr(twin, name), name
    twin.pause(at("2024-09-18"), reason="owner")
    assert (owner.rule.status, twin.status) == ("active", "paused")
    assert instant(DAY, datetime.min.time()) + timedelta(hours=2) == kst("2024-09-17 02:00")


# -- changes of the owner --------------------------------------------------------------------------------------


def test_what_a_change_gives_counts_for_the_next_order_and_the_list_stays() -> None:
    owner = Owner()
    form = replace(FORM, name="Birthdays of everybody", dispatch_title="Congratulations")
    lines = rule_lines([owner.product.line(60, 2)], {owner.product.product_id: owner.product})

    owner.change("2024-09-16 18:00", form=form, lines=lines, ends_on=date(2024, 9, 17))

    draft = owner.rule.draft(recipients=("rcp_1",), duplicates=False, scheduled_at=None, source="order")
    assert (draft.name, draft.dispatch_title) == ("Birthdays of everybody", "Congratulations")
    assert [(line.validity_days, line.quantity, line.sale_minor) for line in draft.lines] == [(60, 2, 5)]
    assert owner.rule.ends_on == date(2024, 9, 17)
    owner.check("2024-09-17 02:00")


def test_a_changed_rule_does_not_order_the_same_occurrence_again() -> None:
    """SPEC V4: after the order of the day exists, a change has no effect on it."""
    owner = Owner()
    owner.order("2024-09-17 02:00")

    owner.change("2024-09-17 02:30", form=replace(FORM, name="Another name"), recipients=people(2))

    with pytest.raises(OccurrenceDone):
        owner.check("2024-09-17 03:00", list_number=1)
    with pytest.raises(OccurrenceDone):
        owner.check("2024-09-18 02:00", list_number=1)


@pytest.mark.parametrize(("changed_at", "list_number"), [("2024-09-17 02:00", 2), ("2024-09-17 02:00:01", 1)])
def test_a_list_that_comes_with_a_change_counts_from_the_next_02_00_on_v4(changed_at: str, list_number: int) -> None:
    owner = Owner()

    owner.change(changed_at, recipients=people(3))

    owner.check("2024-09-17 02:05", list_number=list_number)


@pytest.mark.parametrize("switch", ["pause", "suspend"])
def test_a_rule_that_is_off_is_changed_and_stays_off_v5(switch: str) -> None:
    owner = Owner()
    if switch == "pause":
        owner.rule.pause(at("2024-09-10"), reason="owner")
    else:
        owner.product.change(at("2024-09-10"), sale_minor={30: 1_090})
        owner.rule.suspend(at("2024-09-10"), products=[owner.product])
    status = owner.rule.status

    owner.change("2024-09-11", form=replace(FORM, name="Another name"))

    assert (owner.rule.status, owner.rule.form.name) == (status, "Another name")


@pytest.mark.parametrize(
    ("changed_at", "given", "refusal"),
    [
        ("2024-09-10", {}, RuleUnchanged),
        ("2024-09-10", {"form": replace(FORM, name="x" * 50)}, None),
        ("2024-09-10", {"form": replace(FORM, name="x" * 51)}, OrderNameInvalid),
        ("2024-09-10", {"form": replace(FORM, dispatch_title="x" * 16)}, None),
        ("2024-09-10", {"form": replace(FORM, dispatch_title="x" * 17)}, DispatchTitleInvalid),
        ("2024-09-10", {"form": replace(FORM, kind="choice")}, LinesOutOfRange),
        ("2024-09-10", {"form": replace(FORM, designated=0)}, DesignatedInvalid),
        ("2024-09-10", {"consent": False}, ConsentRequired),
        ("2024-09-10", {"lines": ()}, LinesOutOfRange),
        ("2024-09-10", {"recipients": ()}, RecipientsOutOfRange),
        ("2024-09-10", {"recipients": people(10_001)}, RecipientsOutOfRange),
        ("2024-09-10", {"recipients": people(1, Anniversary("solar", 2, 30))}, AnniversaryInvalid),
        ("2024-09-10", {"duplicates": True}, DuplicateRecipients),
        ("2024-09-10", {"ends_on": date(2024, 9, 9)}, EndDatePast),
        ("2024-09-10", {"ends_on": date(2024, 9, 10)}, None),
        ("2024-12-31", {"ends_on": None}, None),
        ("2025-01-01", {"ends_on": None}, RuleEnded),
    ],
)
def test_a_changed_rule_keeps_to_the_form_of_orders(
    changed_at: str, given: dict[str, Any], refusal: type[LedgerError] | None
) -> None:
    owner = Owner(ends_on=date(2024, 12, 31))
    version = owner.rule.version

    if refusal is None:
        owner.change(changed_at, **given)
        assert owner.rule.version == version + 1
    else:
        with pytest.raises(refusal):
            owner.change(changed_at, **given)
        assert owner.rule.version == version


def test_a_list_on_which_a_number_repeats_keeps_restricted_items_out() -> None:
    """SPEC O5, R-026."""
    owner = Owner(duplicates=True, form=replace(FORM, allow_duplicates=True))
    restricted = product("GIFT-CARD", cash_convertible=True)
    lines = rule_lines([restricted.line(30)], {restricted.product_id: restricted})

    with pytest.raises(DuplicatesRestricted):
        owner.change("2024-09-10", lines=lines, duplicates=True)
