"""Debits, batches and plans: every step from every state, retries, the hours of the bank (SPEC 10.2, 13, R-111 ff.)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from aggregates.calendar import BusinessCalendar
from aggregates.collecting.debit import HARD_CODES, Debit, check_retry_days
from aggregates.collecting.debit_batch import DebitBatch, Failure, batch_id_of, batch_key, open_day, times_of
from aggregates.collecting.debit_plan import DebitPlan, collect_day
from aggregates.errors import LedgerError
from aggregates.fact import Stamp
from aggregates.ids import account_id, stream_id
from tests.aggregates.scenario import kst

ACCOUNT = account_id(0, b"0123456789")
CALENDAR = BusinessCalendar()
TUESDAY = date(2026, 3, 10)
AMOUNT = 50_000


def at(text: str = "2026-03-03 10:00") -> Stamp:
    return Stamp(kst(text), kst(text), "key_tester", "req_1")


def code(attempt: Callable[[], Any]) -> str | None:
    """Return the code of a refusal; None = it was allowed."""
    try:
        attempt()
    except LedgerError as error:
        return error.code
    return None


def fail(debit: Debit, why: str = "insufficient_funds", today: date = date(2026, 3, 11)) -> None:
    debit.fail(at(), code=why, calendar=CALENDAR, today=today)


def take_part(debit: Debit, amount_minor: int, today: date = date(2026, 3, 11)) -> None:
    debit.collect_part(at(), amount_minor=amount_minor, calendar=CALENDAR, today=today)


def submit(debit: Debit, amount_minor: int = AMOUNT) -> None:
    debit.submit(at(), batch_id="dbb_1", serial=1, amount_minor=amount_minor, mandate_id="mdt_1")


# -- debits --------------------------------------------------------------------------------------------------------


def scheduled(*retry_days: int) -> Debit:
    debit = Debit.blank(stream_id("dbt_1"))
    debit.schedule(
        at(),
        debit_id="dbt_1",
        mandate_id="mdt_1",
        obligation_id="obl_1",
        amount_minor=AMOUNT,
        currency="KRW",
        collect_on=TUESDAY,
        same_day=False,
        retry_days=retry_days or (3, 7, 14),
    )
    return debit


def submitted() -> Debit:
    debit = scheduled()
    submit(debit)
    return debit


def collected() -> Debit:
    debit = submitted()
    debit.collect(at())
    return debit


def in_part() -> Debit:
    debit = submitted()
    take_part(debit, 20_000)
    return debit


def failed() -> Debit:
    debit = submitted()
    fail(debit)
    return debit


def failed_for_good() -> Debit:
    debit = submitted()
    fail(debit, "no_account")
    return debit


def cancelled() -> Debit:
    debit = scheduled()
    debit.cancel(at(), reason="by_biller")
    return debit


def taken_back() -> Debit:
    debit = collected()
    debit.reverse(at(), code="returned")
    return debit


STATES: dict[str, Callable[[], Debit]] = {
    "scheduled": scheduled,
    "submitted": submitted,
    "collected": collected,
    "partially_collected": in_part,
    "failed, tried again": failed,
    "failed for good": failed_for_good,
    "cancelled": cancelled,
    "reversed": taken_back,
}
STEPS: dict[str, Callable[[Debit], Any]] = {
    "submit": submit,
    "withdraw": lambda one: one.withdraw(at(), batch_id="dbb_1", next_on=TUESDAY),
    "collect": lambda one: one.collect(at()),
    "collect a part": lambda one: take_part(one, 10_000),
    "fail": fail,
    "cancel": lambda one: one.cancel(at(), reason="by_biller"),
    "reverse": lambda one: one.reverse(at(), code="returned"),
}
ALLOWED = {
    "scheduled": {"submit", "fail", "cancel"},
    "submitted": {"withdraw", "collect", "collect a part", "fail"},
    "collected": {"reverse"},
    "partially_collected": {"submit", "fail", "cancel", "reverse"},
    "failed, tried again": {"submit", "fail", "cancel"},
    "failed for good": set(),
    "cancelled": set(),
    "reversed": set(),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS)
def test_a_debit_takes_only_the_steps_of_its_state_r111(state: str, step: str) -> None:
    debit = STATES[state]()
    assert debit.status == state.partition(" ")[0].strip(",")

    refusal = code(lambda: STEPS[step](debit))

    assert refusal == (None if step in ALLOWED[state] else "debit_step_not_allowed")


def test_a_failed_debit_is_tried_three_more_times_on_the_configured_days_and_no_more_r118() -> None:
    debit = scheduled(3, 7, 14)
    days = []
    for today in (date(2026, 3, 11), date(2026, 3, 14), date(2026, 3, 18), date(2026, 3, 25)):
        submit(debit)
        fail(debit, today=today)
        days.append(debit.next_on)

    # 10 March + 3, 7 and 14 days.
    assert days == [date(2026, 3, 13), date(2026, 3, 17), date(2026, 3, 24), None]
    assert (debit.status, debit.tries) == ("failed", 4)


@pytest.mark.parametrize("why", sorted(HARD_CODES))
def test_a_hard_failure_is_never_tried_again_r118(why: str) -> None:
    debit = submitted()

    fail(debit, why)

    assert (debit.status, debit.next_on) == ("failed", None)


def test_a_retry_on_a_holiday_is_on_the_next_business_day_r113() -> None:
    debit = scheduled(4)
    submit(debit)

    fail(debit)

    # 14 March 2026 is a Saturday.
    assert debit.next_on == date(2026, 3, 16)


def test_the_rest_of_a_part_is_tried_again_and_what_was_collected_is_not_r117() -> None:
    debit = in_part()
    assert (debit.next_on, debit.left_minor) == (date(2026, 3, 13), 30_000)

    submit(debit, 30_000)
    debit.collect(at())

    assert (debit.status, debit.collected_minor) == ("collected", AMOUNT)


def test_a_part_that_is_taken_back_while_the_rest_is_at_the_bank_leaves_the_rest_there() -> None:
    debit = in_part()
    submit(debit, 30_000)

    taken = debit.reverse(at(), code="returned")
    debit.collect(at())

    assert (taken, debit.status, debit.collected_minor) == (20_000, "collected", 30_000)


@pytest.mark.parametrize(
    ("days", "refusal"),
    [
        ((), None),
        ((1,), None),
        ((1, 30, 60), None),
        ((1, 2, 3, 4), "retry_days_invalid"),
        ((3, 3), "retry_days_invalid"),
        ((7, 3), "retry_days_invalid"),
        ((0,), "retry_days_invalid"),
        ((61,), "retry_days_invalid"),
    ],
)
def test_retries_are_at_most_three_on_growing_days_r118(days: tuple[int, ...], refusal: str | None) -> None:
    assert code(lambda: check_retry_days(days)) == refusal


# -- hours ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "now", "day"),
    [
        # Mandates of Tuesday go on Wednesday from 9:00 to 12:00.
        ("mandates", "2026-03-11 08:59", None),
        ("mandates", "2026-03-11 09:00", "2026-03-10"),
        ("mandates", "2026-03-11 11:59", "2026-03-10"),
        ("mandates", "2026-03-11 12:00", None),
        # Those of Friday, and of the weekend, go on Monday.
        ("mandates", "2026-03-16 10:00", "2026-03-13"),
        ("mandates", "2026-03-14 10:00", None),
        # Debits of Tuesday go on Monday until 17:00.
        ("debits", "2026-03-09 13:59", None),
        ("debits", "2026-03-09 14:00", "2026-03-10"),
        ("debits", "2026-03-09 16:59", "2026-03-10"),
        ("debits", "2026-03-09 17:00", None),
        ("debits", "2026-03-13 15:00", "2026-03-16"),
        # Those of the same day until 12:00.
        ("same_day", "2026-03-10 11:59", "2026-03-10"),
        ("same_day", "2026-03-10 12:00", None),
        ("same_day", "2026-03-01 11:30", None),
    ],
)
def test_files_go_within_the_hours_of_business_days(kind: Any, now: str, day: str | None) -> None:
    found = open_day(kind, kst(now), CALENDAR)

    assert found == (None if day is None else date.fromisoformat(day))


@pytest.mark.parametrize(
    ("kind", "cut_off", "results"),
    [
        ("mandates", "2026-03-11 12:00", "2026-03-12 14:00"),
        ("debits", "2026-03-09 17:00", "2026-03-11 03:00"),
        ("same_day", "2026-03-10 12:00", "2026-03-10 23:00"),
    ],
)
def test_results_come_at_the_hours_that_spec_13_names(kind: Any, cut_off: str, results: str) -> None:
    times = times_of(kind, TUESDAY, CALENDAR)

    assert (times.cut_off_at, times.results_at) == (kst(cut_off), kst(results))


# -- batches -------------------------------------------------------------------------------------------------------

BATCH = batch_id_of(ACCOUNT, "debits", TUESDAY)


def opened() -> DebitBatch:
    batch = DebitBatch.blank(stream_id(BATCH))
    batch.open(at(), batch_id=BATCH, institution_code="9912345678", currency="KRW", calendar=CALENDAR)
    batch.fill(at(), added=2, amount_minor=80_000)
    return batch


def closed() -> DebitBatch:
    batch = opened()
    batch.close(at())
    return batch


def sent() -> DebitBatch:
    batch = closed()
    batch.note_sent(at(), sha256="a" * 64)
    return batch


def missed() -> DebitBatch:
    batch = closed()
    batch.miss(at(), code="cut_off_passed")
    return batch


def answered() -> DebitBatch:
    batch = sent()
    batch.answer(at(), sha256="b" * 64, failures=[Failure(1, "no_account", 0)])
    return batch


def settled() -> DebitBatch:
    batch = answered()
    batch.record_results(at(), done=1, partly=0, failed=1, amount_minor=30_000)
    return batch


BATCH_STATES = {
    "open": opened,
    "closed": closed,
    "sent": sent,
    "missed": missed,
    "answered": answered,
    "settled": settled,
}
BATCH_STEPS: dict[str, Callable[[DebitBatch], Any]] = {
    "fill": lambda one: one.require_fillable(at()),
    "close": lambda one: one.close(at()),
    "send": lambda one: one.note_sent(at(), sha256="a" * 64),
    "miss": lambda one: one.miss(at(), code="cut_off_passed"),
    "answer": lambda one: one.answer(at(), sha256="b" * 64, failures=[]),
    "record": lambda one: one.require_answered(),
}
BATCH_ALLOWED = {
    "open": {"fill", "close", "miss"},
    "closed": {"send", "miss"},
    "sent": {"answer"},
    "missed": set(),
    "answered": {"answer", "record"},
    "settled": {"answer"},
}


@pytest.mark.parametrize("state", BATCH_STATES)
@pytest.mark.parametrize("step", BATCH_STEPS)
def test_a_batch_takes_only_the_steps_of_its_state(state: str, step: str) -> None:
    batch = BATCH_STATES[state]()
    assert batch.status == state

    refusal = code(lambda: BATCH_STEPS[step](batch))

    assert refusal == (None if step in BATCH_ALLOWED[state] else "debit_batch_step_not_allowed")


def test_the_same_results_again_change_nothing_and_others_are_refused() -> None:
    batch = settled()
    version = batch.version

    again = batch.answer(at(), sha256="b" * 64, failures=[])
    other = code(lambda: batch.answer(at(), sha256="c" * 64, failures=[]))

    assert (again, other, batch.version) == (False, "debit_results_taken", version)


def test_nothing_is_added_from_the_cut_off_on() -> None:
    batch = opened()

    assert code(lambda: batch.require_fillable(at("2026-03-09 16:59:59"))) is None
    assert code(lambda: batch.require_fillable(at("2026-03-09 17:00"))) == "debit_batch_step_not_allowed"


def test_a_batchs_id_says_whose_which_and_when() -> None:
    assert batch_key(BATCH) == (ACCOUNT, "debits", TUESDAY)
    others = {
        batch_id_of(ACCOUNT, kind, day)
        for kind in ("mandates", "debits", "same_day")
        for day in (TUESDAY, date(2026, 3, 11))
    }
    assert len(others) == 6


def test_a_long_list_of_failures_stands_in_facts_of_500() -> None:
    batch = sent()
    batch.collect_events()

    batch.answer(at(), sha256="b" * 64, failures=[Failure(serial, "no_account", 0) for serial in range(1, 1_002)])

    listed = [fact for fact in batch.collect_events() if isinstance(fact, DebitBatch.FailuresListed)]
    assert [len(fact.failures) for fact in listed] == [500, 500, 1]


# -- plans ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("month", "day", "falls_on"),
    [
        ("2026-03", 25, "2026-03-25"),
        ("2026-02", 31, "2026-03-03"),  # 28 February is a Saturday, 1 and 2 March are holidays.
        ("2026-04", 31, "2026-04-30"),
        ("2026-05", 1, "2026-05-04"),  # Workers' Day, then a weekend.
        ("2024-10", 9, "2024-10-10"),
    ],
)
def test_a_day_of_the_month_on_a_holiday_is_the_next_business_day_r113(month: str, day: int, falls_on: str) -> None:
    assert collect_day(month, day, CALENDAR) == date.fromisoformat(falls_on)


def plan(last_month: str | None = None) -> DebitPlan:
    made = DebitPlan.blank(stream_id("dpl_1"))
    made.make(
        at(),
        plan_id="dpl_1",
        account_id=ACCOUNT,
        mandate_id="mdt_1",
        amount_minor=AMOUNT,
        currency="KRW",
        day=25,
        first_month="2026-03",
        last_month=last_month,
        retry_days=(),
        calendar=CALENDAR,
    )
    return made


def run(made: DebitPlan, month: str) -> Any:
    return made.run(at(), month=month, debit_id="dbt_1", code=None, mandate_id="mdt_1", calendar=CALENDAR)


def test_a_plan_makes_each_month_once_and_ends_after_its_last() -> None:
    made = plan(last_month="2026-04")
    run(made, "2026-03")
    twice = code(lambda: run(made, "2026-03"))
    run(made, "2026-04")

    assert twice == "debit_plan_ended"
    assert (made.status, made.next_month) == ("ended", None)
    assert code(lambda: run(made, "2026-05")) == "debit_plan_ended"
    assert code(lambda: made.end(at())) == "debit_plan_ended"


def test_a_plan_without_an_end_goes_on_over_the_year() -> None:
    made = plan()
    for month in (*(f"2026-{number:02d}" for number in range(3, 13)), "2027-01"):
        run(made, month)

    assert made.next_month == "2027-02"
