"""Pay-out links: every step out of every state, versions of details, four eyes, what is held (SPEC R-135 to R-137)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from aggregates import ids
from aggregates.collecting.card_numbers import digits_of, is_account_number, is_card_number
from aggregates.collecting.payout_link import PayoutLink
from aggregates.collecting.payout_link_facts import STATES
from aggregates.errors import LedgerError
from aggregates.fact import Stamp
from tests.aggregates.scenario import kst

ACCOUNT_ID = "acc_01k7q4m2x9w3t8r5z6"
LINK_ID = ids.drawn_child_id("pol", ACCOUNT_ID, b"a pay-out of long ago")
NOW = kst("2026-03-02 10:00")


def by(owner: str = "mina", at: datetime = NOW) -> Stamp:
    return Stamp(at, at, f"key_{owner}", "req_test", owner)


STAMP = by()


def issued(*, approval: bool = False, expires_on: date | None = None) -> PayoutLink:
    """30,000 won for somebody, asked for by Mina on 2 March 2026."""
    link = PayoutLink.blank(ids.stream_id(LINK_ID))
    link.issue(
        STAMP,
        payout_link_id=LINK_ID,
        account_id=ACCOUNT_ID,
        amount_minor=30_000,
        currency="KRW",
        payee="pye_1",
        channels=("sms",),
        expires_on=expires_on,
        approval=approval,
        reference=None,
    )
    return link


def submit(link: PayoutLink, destination: str = "pyd_1", kind: str = "account") -> None:
    link.submit_details(STAMP, kind=kind, destination=destination)


def checked(link: PayoutLink) -> None:
    link.check_holder(STAMP, version=link.version_submitted, match="full")


def details(link: PayoutLink, destination: str = "pyd_1") -> None:
    submit(link, destination)
    checked(link)


def fund(link: PayoutLink) -> None:
    link.fund(STAMP, payment_id="pay_1", amount_minor=30_000)


def start_funding(link: PayoutLink) -> None:
    link.start_funding(STAMP, version=link.version_submitted, obligation_id="obl_1")


def pay(link: PayoutLink) -> None:
    """As the creator, with the approval of another person where the link wants one."""
    if link.approval:
        link.approve(by("joon"), version=link.version_submitted)
    start_funding(link)


def fail(link: PayoutLink) -> None:
    link.fail_payout(STAMP, attempt=link.attempt, code="account_closed")


STEPS: dict[str, tuple[str, Callable[[PayoutLink], Any]]] = {
    "details": ("details_submitted", details),
    "pay": ("funding", pay),
    "declined": ("details_submitted", lambda link: link.fail_funding(STAMP, code="declined")),
    "settled": ("funded", fund),
    "paying": ("paying", lambda link: link.start_paying(STAMP)),
    "done": ("paid_out", lambda link: link.pay_out(STAMP, attempt=link.attempt)),
    "failed": ("payout_failed", fail),
    "returned": ("payout_failed", lambda link: link.return_payout(STAMP, attempt=link.attempt, code="unreachable")),
    "other details": ("payout_failed", lambda link: details(link, "pyd_2")),
    "paid from held money": ("paying", lambda link: link.start_paying(STAMP, version=link.version_submitted)),
    "refund": ("refunding", lambda link: link.start_refund(STAMP, reason="not wanted")),
    "refund failed": ("payout_failed", lambda link: link.fail_refund(STAMP, code="refused")),
    "given back": ("refunded", lambda link: link.finish_refund(STAMP, amount_minor=30_000)),
    "taken back": ("reversed", lambda link: link.reverse_funding(STAMP, amount_minor=30_000, code="chargeback")),
    "last day over": ("expired", lambda link: link.expire(by(at=NOW + timedelta(days=8)))),
    "withdrawn": ("cancelled", lambda link: link.cancel(STAMP, reason="paid in cash")),
    "rejected": ("rejected", lambda link: link.reject(by("joon"), version=link.version_submitted, reason="unknown")),
}
"""Step -> state after it, and how it is made."""

WAYS: dict[str, tuple[str, ...]] = {
    "issued": (),
    "details_submitted": ("details",),
    "funding": ("details", "pay"),
    "funded": ("details", "pay", "settled"),
    "paying": ("details", "pay", "settled", "paying"),
    "paid_out": ("details", "pay", "settled", "paying", "done"),
    "payout_failed": ("details", "pay", "settled", "paying", "failed"),
    "refunding": ("details", "pay", "settled", "paying", "failed", "refund"),
    "refunded": ("details", "pay", "settled", "paying", "failed", "refund", "given back"),
    "reversed": ("details", "pay", "settled", "taken back"),
    "expired": ("last day over",),
    "cancelled": ("withdrawn",),
    "rejected": ("details", "rejected"),
}
"""State -> a way that leads there."""

POSSIBLE: dict[str, frozenset[str]] = {
    "issued": frozenset({"details", "last day over", "withdrawn"}),
    "details_submitted": frozenset({"details", "pay", "last day over", "withdrawn", "rejected"}),
    "funding": frozenset({"declined", "settled"}),
    "funded": frozenset({"paying"}),
    "paying": frozenset({"done", "failed"}),
    "paid_out": frozenset({"returned"}),
    "payout_failed": frozenset({"details", "other details", "refund"}),
    "refunding": frozenset({"refund failed", "given back"}),
    "refunded": frozenset(),
    "reversed": frozenset(),
    "expired": frozenset(),
    "cancelled": frozenset(),
    "rejected": frozenset(),
}
"""State -> steps that lead on from it; all others are refused. What others take back is never refused."""

ASKED = sorted(set(STEPS) - {"taken back", "other details"})


def reached(state: str, *, approval: bool = False) -> PayoutLink:
    link = issued(approval=approval)
    for step in WAYS[state]:
        expected, take = STEPS[step]
        take(link)
        assert link.status == expected
    link.collect_events()
    return link


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", ASKED)
def test_only_the_steps_of_the_state_machine_lead_out_of_a_state(state: str, step: str) -> None:
    link = reached(state, approval=True)
    assert link.status == state

    if step in POSSIBLE[state]:
        STEPS[step][1](link)
        assert link.pending
        return
    with pytest.raises(LedgerError) as refused:
        STEPS[step][1](link)

    of_details = {"payout_failed": ("payout_details_needed", "payout_approval_not_required")}
    assert refused.value.code in ("wrong_payout_status", *of_details.get(state, ()))
    assert not link.pending
    assert link.status == state


def test_a_failed_payout_is_paid_from_the_held_money_to_other_details_alone() -> None:
    link = reached("payout_failed")
    assert link.held_minor == 30_000
    with pytest.raises(LedgerError) as same:
        link.start_paying(STAMP, version=1)

    submit(link, "pyd_2")
    checked(link)
    again = link.start_paying(STAMP, version=2)

    assert same.value.code == "payout_details_needed"
    assert (again.attempt, again.destination, again.confirmed_by, link.status) == (2, "pyd_2", "mina", "paying")


def test_each_submission_is_a_new_version_and_whoever_was_shown_the_old_one_cannot_pay() -> None:
    link = reached("details_submitted")
    submit(link, "pyd_2", "card")
    with pytest.raises(LedgerError) as unchecked:
        link.start_funding(STAMP, version=2, obligation_id="obl_1")
    checked(link)

    with pytest.raises(LedgerError) as old:
        link.start_funding(STAMP, version=1, obligation_id="obl_1")
    started = link.start_funding(STAMP, version=2, obligation_id="obl_1")

    assert (unchecked.value.code, old.value.code) == ("holder_unchecked", "pay_link_replaced")
    assert old.value.figures == {"version": 2}
    assert (started.version, link.details and link.details.kind) == (2, "card")


@pytest.mark.parametrize("state", ["funding", "funded", "paying", "paid_out"])
def test_details_are_refused_from_the_funding_on(state: str) -> None:
    link = reached(state)

    with pytest.raises(LedgerError) as refused:
        submit(link, "pyd_2")

    assert refused.value.code == "wrong_payout_status"
    assert refused.value.figures["possible_from"] == ["issued", "details_submitted", "payout_failed"]


def test_a_link_expires_after_seven_days_at_the_end_of_its_last_day() -> None:
    link = issued()
    in_time, late = by(at=kst("2026-03-09 23:59:59")), by(at=kst("2026-03-10 00:00"))

    with pytest.raises(LedgerError) as early:
        link.expire(in_time)
    link.submit_details(in_time, kind="account", destination="pyd_1")
    with pytest.raises(LedgerError) as over:
        link.submit_details(late, kind="account", destination="pyd_2")
    link.expire(late)

    assert link.expires_on == date(2026, 3, 9)
    assert (early.value.code, over.value.code, link.status) == (
        "payout_link_not_over",
        "payout_link_expired",
        "expired",
    )


@pytest.mark.parametrize(
    ("expires_on", "allowed"),
    [
        (date(2026, 3, 1), False),
        (date(2026, 3, 2), True),
        (date(2026, 5, 31), True),
        (date(2026, 6, 1), False),
    ],
)
def test_the_last_day_is_today_to_ninety_days_ahead(expires_on: date, allowed: bool) -> None:
    if allowed:
        assert issued(expires_on=expires_on).expires_on == expires_on
        return
    with pytest.raises(LedgerError) as refused:
        issued(expires_on=expires_on)

    assert refused.value.code == "payout_expiry_out_of_range"
    assert refused.value.figures == {"earliest": "2026-03-02", "latest": "2026-05-31"}


def test_with_an_approver_nobody_pays_before_another_person_than_the_issuer_has_approved_these_details() -> None:
    link = issued(approval=True)
    submit(link)
    checked(link)
    with pytest.raises(LedgerError) as unapproved:
        start_funding(link)
    with pytest.raises(LedgerError) as own:
        link.approve(by("mina"), version=1)

    link.approve(by("joon"), version=1)
    with pytest.raises(LedgerError) as twice:
        link.approve(by("joon"), version=1)
    submit(link, "pyd_2")
    checked(link)
    with pytest.raises(LedgerError) as other:
        start_funding(link)
    link.approve(by("joon"), version=2)
    start_funding(link)

    assert [each.value.code for each in (unapproved, own, twice, other)] == [
        "payout_approval_required",
        "approver_is_creator",
        "payout_approval_not_required",
        "payout_approval_required",
    ]
    assert link.status == "funding"


def test_without_an_approver_nobody_approves() -> None:
    link = reached("details_submitted")

    with pytest.raises(LedgerError) as refused:
        link.approve(by("joon"), version=1)

    assert refused.value.code == "payout_approval_not_required"


def test_only_who_may_approve_rejects_and_only_what_waits_for_approval() -> None:
    link = reached("details_submitted", approval=True)
    refused: list[str] = []
    for stamp, version in ((by("mina"), 1), (by("joon"), 2), (by("joon", kst("2026-03-10 00:00")), 1)):
        with pytest.raises(LedgerError) as error:
            link.reject(stamp, version=version, reason="unknown holder")
        refused.append(error.value.code)
    with pytest.raises(LedgerError) as unasked:
        reached("details_submitted").reject(by("joon"), version=1, reason="unknown holder")

    rejected = link.reject(by("joon"), version=1, reason="unknown holder")

    assert [*refused, unasked.value.code] == [
        "approver_is_creator",
        "pay_link_replaced",
        "payout_link_expired",
        "payout_approval_not_required",
    ]
    assert (rejected.rejected_by, rejected.reason, link.status) == ("joon", "unknown holder", "rejected")


def test_who_has_approved_details_does_not_reject_them_any_more() -> None:
    link = reached("details_submitted", approval=True)
    link.approve(by("joon"), version=1)

    with pytest.raises(LedgerError) as refused:
        link.reject(by("yuna"), version=1, reason="unknown holder")

    assert (refused.value.code, link.status) == ("payout_approval_not_required", "details_submitted")


def test_rejected_details_are_neither_approved_nor_paid_to_from_money_that_stayed_held() -> None:
    link = reached("payout_failed", approval=True)
    details(link, "pyd_2")
    link.reject(by("joon"), version=2, reason="unknown holder")
    link.start_refund(STAMP, reason="unknown holder")
    link.fail_refund(STAMP, code="refused")
    refused: list[str] = []
    for attempt in (
        lambda: link.approve(by("yuna"), version=2),
        lambda: link.reject(by("yuna"), version=2, reason="again"),
        lambda: link.start_paying(STAMP, version=2),
    ):
        with pytest.raises(LedgerError) as error:
            attempt()
        refused.append(error.value.code)

    details(link, "pyd_3")
    link.approve(by("joon"), version=3)
    link.start_paying(STAMP, version=3)

    assert refused == ["payout_details_needed"] * 3
    assert (link.status, link.held_minor) == ("paying", 30_000)


@pytest.mark.parametrize(
    ("state", "from_hold", "held", "owing", "after"),
    [
        ("funded", 30_000, 0, 0, "reversed"),
        ("payout_failed", 30_000, 0, 0, "reversed"),
        ("paying", 0, 30_000, 30_000, "paying"),
        ("paid_out", 0, 0, 30_000, "paid_out"),
    ],
)
def test_a_reversal_takes_what_is_held_and_leaves_owing_what_is_on_its_way_or_gone(
    state: str, from_hold: int, held: int, owing: int, after: str
) -> None:
    link = reached(state)

    taken = link.reverse_funding(STAMP, amount_minor=30_000, code="chargeback")

    assert (taken.from_hold_minor, link.held_minor, link.owing_minor, link.status) == (from_hold, held, owing, after)


def test_after_a_reversal_in_part_the_rest_can_only_go_back() -> None:
    link = reached("funded")
    link.reverse_funding(STAMP, amount_minor=10_000, code="chargeback")
    submit(link, "pyd_2")
    checked(link)

    with pytest.raises(LedgerError) as refused:
        link.start_paying(STAMP, version=2)
    refund = link.start_refund(STAMP, reason="too little")

    assert (refused.value.code, refused.value.figures) == ("payout_not_covered", {"held": 20_000, "due": 30_000})
    assert refund.amount_minor == 20_000


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("4242 4242 4242 4242", True),
        ("4242-4242-4242-4243", False),
        ("5555555555554444", True),
        ("49927398716", False),
        ("0000 0000 0000", True),
        ("4242 4242 4242 424x", False),
        ("", False),
    ],
)
def test_r_136_a_card_number_has_its_check_digit(typed: str, right: bool) -> None:
    assert is_card_number(digits_of(typed)) is right


@pytest.mark.parametrize(("digits", "right"), [("12345", False), ("123456", True), ("1" * 20, True), ("1" * 21, False)])
def test_an_account_number_has_6_to_20_digits(digits: str, right: bool) -> None:
    assert is_account_number(digits) is right
