"""What a refund of an amount would take and pay: which lots, which fee, and the refusals that come before any request.

A request and its preview share this, so that what was shown is what happens. Nothing here records or changes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from aggregates.account import fees, funds, standing
from aggregates.account.lots import PARTS_MAX, LotPart, oldest_first, total
from aggregates.dates import business_date, last_day_within
from aggregates.errors import Rejected

if TYPE_CHECKING:
    from aggregates.account.account import Account


class RefundTooSmall(Rejected):
    """A refund request must exceed the currency's bound (SPEC 5.4, R-073)."""

    code = "refund_too_small"


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """The terms of a refund of `amount_minor`, were it requested at that instant (SPEC R-074).

    Attributes:
        displayed_estimate_minor: payout by the simple formula, without a look at the lots.
        fee_minor, payout_minor: what it would really be; fee + payout = amount.
        fee_free_minor: part of the amount that bears no fee.
        lots: parts it would take: fee-free lots first, oldest of them first, then older lots, oldest first (R-070).
        judged_on: date that judged each lot; empty when all are the day of the request (SPEC R-075).
        same_payout_minor: a smaller amount, the fee-free lots alone, that would pay just as much; None when there is
            none (SPEC R-071).
        rule: id and version of the fee rule.
    """

    amount_minor: int
    currency: str
    displayed_estimate_minor: int
    fee_minor: int
    payout_minor: int
    fee_free_minor: int
    lots: tuple[LotPart, ...]
    judged_on: tuple[date, ...]
    same_payout_minor: int | None
    rule: str


def preview(account: Account, amount_minor: int, at: datetime) -> RefundPreview:
    """Return the terms of a refund at instant `at`, or refuse as the request would.

    Args:
        amount_minor: asked for, in minor units.
        at: aware instant; its KST date judges the fee-free days.

    Raises:
        InvalidAmount, AccountIsClosed, PrepaidOnly, AccountIsFrozen, MemberReceivableOutstanding, RefundTooSmall,
        InsufficientFunds, TooManyLots: in this order.

    Source: SPEC 5.4, R-064, R-068, R-070..R-075.
    """
    tariff = fees.tariff(account.currency)
    _check(account, amount_minor, tariff)
    requested_on = business_date(at)
    lots, judged_on, fee_free_minor = _choose(account, amount_minor, requested_on, tariff)
    fee_minor = tariff.refund_fee_minor(amount_minor, amount_minor - fee_free_minor)
    payout_minor = amount_minor - fee_minor
    in_vain = fee_free_minor < amount_minor and payout_minor == fee_free_minor > tariff.refund_above_minor
    return RefundPreview(
        amount_minor=amount_minor,
        currency=account.currency,
        displayed_estimate_minor=tariff.displayed_estimate_minor(amount_minor),
        fee_minor=fee_minor,
        payout_minor=payout_minor,
        fee_free_minor=fee_free_minor,
        lots=lots,
        judged_on=judged_on,
        same_payout_minor=fee_free_minor if in_vain else None,
        rule=tariff.refund_rule,
    )


def with_fee_free(lots: tuple[LotPart, ...], fee_free_minor: int) -> list[tuple[LotPart, bool]]:
    """Return each part with whether it bears no fee: the first parts do, up to `fee_free_minor`."""
    marked = []
    for part in lots:
        marked.append((part, fee_free_minor > 0))
        fee_free_minor -= part.amount_minor
    return marked


def _check(account: Account, amount_minor: int, tariff: fees.Tariff) -> None:
    standing.require_amount(amount_minor)
    standing.refuse_closed(account)
    standing.refuse_postpaid(account)
    standing.refuse_stopped(account)
    funds.refuse_owing(account)
    if amount_minor <= tariff.refund_above_minor:
        raise RefundTooSmall(f"amount must be more than {tariff.refund_above_minor}", above=tariff.refund_above_minor)
    refundable_minor = max(0, account.balance_minor - account.lots.frozen_minor)
    if amount_minor > refundable_minor:
        raise funds.InsufficientFunds(
            "the amount is more than what can be refunded from the account",
            available=refundable_minor,
            requested=amount_minor,
        )


def _choose(
    account: Account, amount_minor: int, requested_on: date, tariff: fees.Tariff
) -> tuple[tuple[LotPart, ...], tuple[date, ...], int]:
    """Return the parts, the date that judged each (empty: all `requested_on`) and the fee-free sum.

    Raises:
        TooManyLots: figures say the largest amount that the first lots allow.
    """
    fee_free: list[tuple[LotPart, date]] = []
    older: list[tuple[LotPart, date]] = []
    for lot in account.lots:
        if not lot.frozen:
            judged = _judged_on(account, lot.charge_id, requested_on)
            is_free = not tariff.bears_fees or judged <= last_day_within(lot.charged_on, fees.FEE_FREE_DAYS)
            (fee_free if is_free else older).append((lot.part(lot.remaining_minor), judged))
    order = [*fee_free, *older]
    parts = oldest_first((part for part, _ in order), amount_minor)
    if len(parts) > PARTS_MAX:
        raise funds.TooManyLots(
            f"one movement may take from at most {PARTS_MAX} charges; a smaller amount is possible",
            maximum=total(parts[:PARTS_MAX]),
        )
    judged_on = tuple(judged for _, judged in order[: len(parts)])
    kept = any(judged != requested_on for judged in judged_on)
    return parts, judged_on if kept else (), total(parts[: len(fee_free)])


def _judged_on(account: Account, charge_id: str, requested_on: date) -> date:
    """Return the date that judges a lot: the first request's, while it may be refiled (SPEC R-075)."""
    first_requested_on, until = account.refile.get(charge_id, (requested_on, requested_on))
    return first_requested_on if requested_on <= until else requested_on
