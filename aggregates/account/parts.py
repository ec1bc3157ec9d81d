"""Value parts of the account's state: what is under way on it, each a frozen value that is replaced, never changed.

Apart from `lots` this imports nothing of the account, so that every noun's file may build the parts it folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from aggregates.account.lots import LotPart


@dataclass(frozen=True, slots=True)
class MonthPart:
    """Captured money of a postpaid spend, by the KST month in which its capture was recorded (SPEC R-089).

    Attributes:
        month: "YYYY-MM"; "" = before anything that can still be billed, e.g. money of a time before a change of mode.
        coupons: how many issued coupons it paid for; a plain spend counts as one.
    """

    month: str
    amount_minor: int
    coupons: int


@dataclass(frozen=True, slots=True)
class SpendState:
    """A spend as it stands; on the account while something of it is held, afterwards on its own stream.

    amount = held + captured + returned, and held + captured = sum of lots + overdrawn (prepaid).

    Attributes:
        lots, overdrawn_minor: what it has taken and not given back, in the order taken.
        cash_minor: cash-convertible part of what is not given back.
        spent_on, month: business date of the spend and its "YYYY-MM": where limits are released.
        expires_at: instant from which the hold can no longer be captured; None when it was captured at once.
        captured_in: what is captured, by the month of its capture, oldest first; empty for prepaid.
    """

    amount_minor: int
    held_minor: int
    captured_minor: int
    returned_minor: int
    lots: tuple[LotPart, ...]
    overdrawn_minor: int
    member_id: str | None
    cash_minor: int
    spent_on: date
    month: str
    expires_at: datetime | None
    reference: str | None
    captured_in: tuple[MonthPart, ...]


@dataclass(frozen=True, slots=True)
class OpenRefund:
    """A refund request that is not resolved.

    Attributes:
        fee_free_minor: part of the amount that bears no fee: the first of the lots.
        status: requested, reviewing, paying, payout_unknown, payout_failed or payout_returned.
        requested_on: KST date of the request.
        judged_on: date that judged each lot, in their order; empty when all are requested_on (SPEC R-075).
        reviewed_by: person who took it into review; None before.
        changed_by: person who entered another bank account after a failed pay-out; None when nobody has.
    """

    amount_minor: int
    fee_minor: int
    payout_minor: int
    fee_free_minor: int
    lots: tuple[LotPart, ...]
    status: str
    requested_on: date
    judged_on: tuple[date, ...]
    second_approver_required: bool
    reviewed_by: str | None
    changed_by: str | None
    destination: str
    bank: str
    holder_is_member: bool


@dataclass(frozen=True, slots=True)
class AwaitedDeposit:
    """A virtual account that waits for its deposit."""

    amount_minor: int
    reference: str | None
    expires_on: date


@dataclass(frozen=True, slots=True)
class ParkedDeposit:
    """Money that arrived where it could not be booked."""

    charge_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PendingCancel:
    """A charge cancellation that waits for the provider's definite result."""

    amount_minor: int
    fee_minor: int
    payout_minor: int
    method: str
    charged_on: date
    fee_rule: str


@dataclass(frozen=True, slots=True)
class PendingAdjustment:
    """A correction that waits for another operator."""

    amount_minor: int
    made_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class MemberLimit:
    """A sub-member's monthly limit. `limit_minor` is None when unlimited or not granted."""

    limit_minor: int | None
    granted: bool
    unlimited: bool
    cash_convertible: bool
