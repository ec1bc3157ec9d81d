"""Payment requests: answers, versions, mutual changes, and what is refused at which state (SPEC 9, R-101 to R-107)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_parts import AMOUNT_MAX
from aggregates.collecting.payment_request import PaymentRequest
from aggregates.collecting.payment_request_parts import (
    ATTACHMENTS_MAX,
    VERSIONS_MAX,
    Attachment,
    Terms,
)
from aggregates.dates import business_date
from aggregates.errors import LedgerError
from aggregates.fact import Fact, Stamp
from aggregates.ids import account_id, drawn_child_id, stream_id
from tests.aggregates.scenario import kst

PAYEE, PAYER, STRANGER = (account_id(0, bytes([number]) * 10) for number in (1, 2, 3))
REQUEST = drawn_child_id("prq", PAYEE, b"request!")
OBLIGATION = drawn_child_id("obl", PAYEE, b"oblige!!")
DUE = date(2024, 11, 30)


def stamp(at: str = "2024-11-01 12:00") -> Stamp:
    return Stamp(kst(at), kst(at), "key_tester", "req_1")


def terms(amount_minor: int = 1_000_000, due_on: date = DUE, files: int = 0, details: str | None = None) -> Terms:
    attachments = tuple(Attachment(f"att_{number}", "pdf", 1_000, "0" * 64) for number in range(files))
    return Terms(amount_minor, due_on, details, attachments)


def sent(expiry_days: int = 30, **given: Any) -> PaymentRequest:
    request = PaymentRequest.blank(stream_id(REQUEST))
    wanted = {"payer_account_id": PAYER, "contact": None, "terms": terms(), **given}
    request.send(
        stamp(), request_id=REQUEST, account_id=PAYEE, currency="KRW", reference=None, expiry_days=expiry_days, **wanted
    )
    return request


def accepted(**given: Any) -> PaymentRequest:
    request = sent(**given)
    request.require_answerable(stamp("2024-11-02 12:00"), 1)
    request.accept(stamp("2024-11-02 12:00"), obligation_id=OBLIGATION, via="account")
    return request


def proposed() -> PaymentRequest:
    request = accepted()
    request.propose_amendment(stamp(), side="payee", terms=terms(900_000), paid_minor=0, via="account")
    return request


def paid(on: str = "2024-11-20") -> PaymentRequest:
    request = accepted()
    request.note_paid(stamp(f"{on} 12:00"), paid_on=date.fromisoformat(on))
    return request


def rejected() -> PaymentRequest:
    request = sent()
    request.reject(stamp(), version=1, reason_code="wrong_amount", text="wrd_1", via="account")
    return request


def withdrawn() -> PaymentRequest:
    request = sent()
    request.withdraw(stamp())
    return request


def expired() -> PaymentRequest:
    request = sent()
    request.expire(stamp("2024-12-31 00:00"))
    return request


def obligation(paid_minor: int = 0) -> Obligation:
    made = Obligation.blank(stream_id(OBLIGATION))
    made.open(
        stamp(), obligation_id=OBLIGATION, account_id=PAYEE, source="request", source_id=REQUEST, currency="KRW",
        due_minor=1_000_000, due_on=DUE, parts=True,
    )  # fmt: skip
    made.paid_minor = paid_minor
    return made


def code(attempt: Callable[[], Any]) -> str | None:
    try:
        attempt()
    except LedgerError as error:
        return error.code
    return None


STEPS: dict[str, Callable[[PaymentRequest], Any]] = {
    "revise": lambda request: request.revise(stamp(), terms=terms(900_000)),
    "answer": lambda request: request.require_answerable(stamp(), 1),
    "reject": lambda request: request.reject(
        stamp(), version=1, reason_code="other", text="wrd_1", via="account"
    ),
    "withdraw": lambda request: request.withdraw(stamp()),
    "expire": lambda request: request.expire(stamp("2024-12-31 00:00")),
    "propose": lambda request: request.propose_amendment(
        stamp(), side="payer", terms=terms(900_000), paid_minor=0, via="account"
    ),
    "agree": lambda request: request.require_amendment(1, "payer", 0),
    "refuse": lambda request: request.reject_amendment(
        stamp(), number=1, side="payer", reason_code="other", text="wrd_1", via="account"
    ),
    "take back": lambda request: request.withdraw_amendment(stamp(), number=1, side="payee", via="account"),
    "pay": lambda request: request.require_accepted(),
    "fall overdue": lambda request: request.fall_overdue(stamp("2024-12-01 00:00"), obligation=obligation()),
}  # fmt: skip

CLOSED, NOT_ACCEPTED, NOT_OPEN = "payment_request_closed", "payment_request_not_accepted", "amendment_not_open"
BEFORE = dict.fromkeys(("propose", "agree", "pay", "fall overdue"), NOT_ACCEPTED)
NO_CHANGE = dict.fromkeys(("refuse", "take back"), NOT_OPEN)
ANSWERED = dict.fromkeys(("revise", "answer", "reject", "withdraw", "expire"), CLOSED)
PAID = "payment_request_paid"

REFUSED: dict[str, tuple[Callable[[], PaymentRequest], dict[str, str]]] = {
    "sent": (sent, {**BEFORE, **NO_CHANGE}),
    "rejected": (rejected, {**BEFORE, **NO_CHANGE, **ANSWERED}),
    "withdrawn": (withdrawn, {**BEFORE, **NO_CHANGE, **ANSWERED}),
    "expired": (expired, {**BEFORE, **NO_CHANGE, **ANSWERED}),
    "accepted": (accepted, {**ANSWERED, **NO_CHANGE, "agree": NOT_OPEN}),
    "change proposed": (proposed, {**ANSWERED, "propose": "amendment_open"}),
    "paid": (paid, {**ANSWERED, **NO_CHANGE, "propose": PAID, "agree": PAID, "fall overdue": PAID}),
}
"""State -> how to get there, and what is refused in it; every other step is taken."""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", REFUSED)
def test_each_state_refuses_what_it_forbids_and_nothing_else_r101(state: str, step: str) -> None:
    make, refused = REFUSED[state]
    request = make()
    before = request.version

    found = code(lambda: STEPS[step](request))

    assert found == refused.get(step)
    assert found is None or request.version == before


def test_an_unanswered_request_expires_at_24_00_of_its_due_date_and_thirty_days_r103() -> None:
    last, over = stamp("2024-12-30 23:59:59"), stamp("2024-12-31 00:00:00")

    assert sent().expires_on == date(2024, 12, 30)
    assert code(lambda: sent().require_answerable(last, 1)) is None
    assert code(lambda: sent().expire(last)) == CLOSED
    assert code(lambda: sent().require_answerable(over, 1)) == CLOSED
    assert code(lambda: sent().revise(over, terms=terms())) == CLOSED
    assert code(lambda: sent().withdraw(over)) == CLOSED
    assert sent().expire(over).expires_on == date(2024, 12, 30)


@pytest.mark.parametrize(("expiry_days", "last"), [(0, date(2024, 11, 30)), (7, date(2024, 12, 7))])
def test_a_setting_says_how_long_after_its_due_date_a_request_waits_r103(expiry_days: int, last: date) -> None:
    request = sent(expiry_days)

    request.revise(stamp(), terms=terms(due_on=date(2024, 12, 10)))

    assert request.expires_on - date(2024, 12, 10) == last - DUE


def test_an_answer_is_to_the_version_that_was_seen_r104() -> None:
    request = sent()

    revised = request.revise(stamp(), terms=terms(900_000))

    assert (revised.version, request.terms.amount_minor) == (2, 900_000)
    assert code(lambda: request.require_answerable(stamp(), 1)) == "version_superseded"
    assert code(lambda: request.require_answerable(stamp(), 2)) is None
    assert code(lambda: STEPS["reject"](request)) == "version_superseded"


def test_what_was_agreed_is_changed_by_the_other_sides_yes_alone_r104() -> None:
    request = proposed()

    own = code(lambda: request.require_amendment(1, "payee", 0))
    other = code(lambda: request.require_amendment(2, "payer", 0))
    waiting = request.require_amendment(1, "payer", 0)
    amended = request.amend(stamp(), via="page")

    assert (own, other) == ("not_for_this_side", NOT_OPEN)
    assert waiting.terms.amount_minor == 900_000
    assert (amended.version, amended.amendment, request.terms.amount_minor) == (2, 1, 900_000)
    assert request.amendment is None


@pytest.mark.parametrize(
    ("paid_minor", "refused"), [(899_999, None), (900_000, None), (900_001, "amendment_below_paid")]
)
def test_a_change_does_not_ask_for_less_than_what_is_paid_r104(paid_minor: int, refused: str | None) -> None:
    request = accepted()
    wanted = terms(900_000)

    now = code(
        lambda: request.propose_amendment(stamp(), side="payee", terms=wanted, paid_minor=paid_minor, via="account")
    )
    later = code(lambda: proposed().require_amendment(1, "payer", paid_minor))

    assert (now, later) == (refused, refused)


def test_a_side_takes_back_its_own_change_and_refuses_the_others_r104() -> None:
    refused, taken = proposed(), proposed()

    by_self = code(
        lambda: refused.reject_amendment(
            stamp(), number=1, side="payee", reason_code="other", text="wrd_1", via="account"
        )
    )
    by_other = code(lambda: taken.withdraw_amendment(stamp(), number=1, side="payer", via="account"))
    STEPS["refuse"](refused)
    STEPS["take back"](taken)

    assert (by_self, by_other) == ("not_for_this_side", "not_for_this_side")
    assert (refused.amendment, taken.amendment) == (None, None)
    assert refused.propose_amendment(stamp(), side="payer", terms=terms(), paid_minor=0, via="account").TOPIC


@pytest.mark.parametrize(
    ("wanted", "refused"),
    [
        (terms(AMOUNT_MAX), None),
        (terms(AMOUNT_MAX + 1), "request_amount_too_large"),
        (terms(due_on=date(2024, 11, 1)), None),
        (terms(due_on=date(2024, 10, 31)), "due_date_not_allowed"),
        (terms(due_on=date(2029, 11, 1)), None),
        (terms(due_on=date(2029, 11, 2)), "due_date_not_allowed"),
        (terms(files=ATTACHMENTS_MAX), None),
        (terms(files=ATTACHMENTS_MAX + 1), "attachments_too_many"),
    ],
)
def test_what_may_be_asked_for_is_bounded_r106(wanted: Terms, refused: str | None) -> None:
    assert code(lambda: sent(terms=wanted)) == refused
    assert code(lambda: sent().revise(stamp(), terms=wanted)) == refused
    assert (
        code(lambda: accepted().propose_amendment(stamp(), side="payer", terms=wanted, paid_minor=0, via="account"))
        == refused
    )


def test_a_request_is_changed_fifty_times_and_not_fifty_one_times() -> None:
    request = sent()
    for _ in range(VERSIONS_MAX - 1):
        request.revise(stamp(), terms=terms())

    assert code(lambda: request.revise(stamp(), terms=terms())) == "payment_request_changes_exhausted"


def test_a_rejection_has_a_reason_that_is_known_r107() -> None:
    refused = code(lambda: sent().reject(stamp(), version=1, reason_code="because", text="wrd_1", via="page"))

    fact = sent().reject(stamp(), version=1, reason_code="not_ordered", text="wrd_1", via="page")

    assert refused == "rejection_code_unknown"
    assert (fact.code, fact.text, fact.version) == ("not_ordered", "wrd_1", 1)


def test_only_the_two_sides_act_each_for_itself() -> None:
    request = sent()

    assert (request.side_of(PAYEE), request.side_of(PAYER)) == ("payee", "payer")
    assert code(lambda: request.require_side(PAYEE, "payer")) == "not_for_this_side"
    assert code(lambda: request.require_side(PAYER, "payee")) == "not_for_this_side"
    assert code(lambda: request.require_side(STRANGER, "payer")) == "payment_request_not_found"
    assert code(lambda: request.require_side(None, "payer")) is None


def test_a_person_is_bound_once_and_may_turn_out_to_have_an_account_r105() -> None:
    person, account = sent(payer_account_id=None, contact="pty_1"), sent()

    person.bind(stamp(), payer_account_id=None, via="page")
    again = code(lambda: person.bind(stamp(), payer_account_id=None, via="page"))
    person.bind(stamp(), payer_account_id=PAYER, via="account")
    other = code(lambda: person.bind(stamp(), payer_account_id=STRANGER, via="account"))

    assert (again, other) == ("counterparty_bound", "counterparty_bound")
    assert (person.is_bound, person.side_of(PAYER)) == (True, "payer")
    assert code(lambda: account.bind(stamp(), payer_account_id=STRANGER, via="account")) == "counterparty_bound"


@pytest.mark.parametrize(
    ("on", "late", "overdue"),
    [
        ("2024-11-30", 0, (None, None)),
        ("2024-12-01", 1, (date(2024, 12, 1), date(2024, 12, 1))),
        ("2024-12-02", 2, (date(2024, 12, 1), date(2024, 12, 2))),
    ],
)
def test_paid_late_says_how_late_and_from_when_to_when_it_was_overdue(
    on: str, late: int, overdue: tuple[date | None, date | None]
) -> None:
    """SPEC 9: due 11-30, paid 12-02: 2 days late, overdue 12-01..12-02."""
    fact = accepted().note_paid(stamp(f"{on} 12:00"), paid_on=date.fromisoformat(on))

    assert (fact.late_days, (fact.overdue_from, fact.overdue_to)) == (late, overdue)


def test_a_due_date_has_passed_from_the_next_day_on_and_is_told_once() -> None:
    request = accepted()

    on_the_day = code(lambda: request.fall_overdue(stamp("2024-11-30 23:59:59"), obligation=obligation()))
    fact = request.fall_overdue(stamp("2024-12-01 00:00:00"), obligation=obligation(400_000))
    again = code(lambda: request.fall_overdue(stamp("2024-12-05 00:00:00"), obligation=obligation(400_000)))

    assert (on_the_day, again) == (CLOSED, CLOSED)
    assert (fact.due_on, fact.outstanding_minor) == (DUE, 600_000)


def test_what_was_taken_back_makes_a_paid_request_payable_and_its_due_date_news_again_r101() -> None:
    request = accepted()
    request.fall_overdue(stamp("2024-12-01 00:00"), obligation=obligation())
    request.note_paid(stamp("2024-12-02 12:00"), paid_on=date(2024, 12, 2))

    request.note_reversed(stamp("2025-01-05 12:00"), attempt_id="pay_1", code="chargeback")

    assert (request.paid_on, request.is_reversed, request.reopenings) == (None, True, 1)
    assert code(request.require_owed) is None
    assert request.fall_overdue(stamp("2025-01-05 12:00"), obligation=obligation()).due_on == DUE
    request.note_paid(stamp("2025-01-06 12:00"), paid_on=date(2025, 1, 6))
    assert (request.is_reversed, request.paid_on) == (False, date(2025, 1, 6))


def test_a_copy_shares_nothing_and_replay_gives_the_same_state() -> None:
    request = proposed()
    facts: list[Fact] = list(request.collect_events())
    twin = request.copy()

    twin.withdraw_amendment(stamp(), number=1, side="payee", via="account")
    replayed: Any = None
    for fact in facts:
        replayed = fact.mutate(replayed)

    assert (request.amendment is not None, twin.amendment) == (True, None)
    assert (replayed.amendment, replayed.terms, replayed.version) == (request.amendment, request.terms, request.version)
    assert business_date(facts[0].occurred_at) == date(2024, 11, 1)
