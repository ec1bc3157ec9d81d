"""The account: the state that its decisions read, and nothing else; the nouns beside it hold facts and decisions.

Closed lots, captured spends, settled refunds and months before the last one leave the state, so that an account stays
small at any age; what a later decision needs of them is found by id (a fact by its version, or the thing's own stream).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from aggregates.account.lots import LotPart, Lots
from aggregates.account.standing import Figures
from aggregates.dates import billing_month, business_date
from aggregates.fact import Stream, stream_class


@dataclass(frozen=True, slots=True)
class Hold:
    """A spend of which something is still held (replaced, never changed in place).

    Attributes: as of `spends.Spent` and `spends.SpendReturned`.
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


@dataclass(frozen=True, slots=True)
class OpenRefund:
    """A refund request that is not resolved.

    Attributes:
        status: requested, reviewing, paying, payout_unknown, payout_failed or payout_returned.
        reviewed_by: person who took it into review; None before.
        requested_on: date that judged the fee (first request date of its lots).
    """

    amount_minor: int
    fee_minor: int
    payout_minor: int
    lots: tuple[LotPart, ...]
    status: str
    requested_on: date
    second_approver_required: bool
    reviewed_by: str | None
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


@stream_class("account")
class Account(Stream):
    """One customer company's money.

    Attributes:
        account_id, name, mode ("prepaid" | "postpaid"), currency, status ("open" | "frozen" | "closed").
        balance_minor: liability.prepaid: what is neither held nor under refund; 0 for postpaid.
        overdrawn_minor: what the lots do not cover; sum of lots - overdrawn = balance.
        overdraft_limit_minor: None = unlimited.
        lots: open lots, oldest first.
        holds: spend id -> spend of which something is held; held_minor: their sum.
        refunds: refund id -> unresolved request; refund_pending_minor: their sum.
        awaited, parked, cancels, adjustments: what waits, by id.
        refile: charge id -> (first request date, last date on which a new request keeps it) (SPEC R-075).
        credit_limit_minor: None for prepaid. used: month -> use of it, last two months only.
        cash_limit_minor: None = no permission. cash_used: month -> use.
        members: member id -> limit. member_used: member id -> month -> use.
        receivable_minor: postpaid: captured, not returned and not settled.
        member_receivable_minor: left owing by chargebacks; blocks spends and refunds while > 0.
    """

    __slots__ = (
        "account_id",
        "adjustments",
        "awaited",
        "balance_minor",
        "cancels",
        "cash_limit_minor",
        "cash_used",
        "credit_limit_minor",
        "currency",
        "held_minor",
        "holds",
        "lots",
        "member_receivable_minor",
        "member_used",
        "members",
        "mode",
        "name",
        "overdraft_limit_minor",
        "overdrawn_minor",
        "parked",
        "receivable_minor",
        "refile",
        "refund_pending_minor",
        "refunds",
        "status",
        "used",
    )

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.account_id = ""
        self.name = ""
        self.mode = "prepaid"
        self.currency = "KRW"
        self.status = "open"
        self.balance_minor = 0
        self.overdrawn_minor = 0
        self.overdraft_limit_minor: int | None = 0
        self.held_minor = 0
        self.refund_pending_minor = 0
        self.lots = Lots()
        self.holds: dict[str, Hold] = {}
        self.refunds: dict[str, OpenRefund] = {}
        self.awaited: dict[str, AwaitedDeposit] = {}
        self.parked: dict[str, ParkedDeposit] = {}
        self.cancels: dict[str, PendingCancel] = {}
        self.adjustments: dict[str, PendingAdjustment] = {}
        self.refile: dict[str, tuple[date, date]] = {}
        self.credit_limit_minor: int | None = None
        self.used: dict[str, int] = {}
        self.cash_limit_minor: int | None = None
        self.cash_used: dict[str, int] = {}
        self.members: dict[str, MemberLimit] = {}
        self.member_used: dict[str, dict[str, int]] = {}
        self.receivable_minor = 0
        self.member_receivable_minor = 0

    def available_minor(self, month: str) -> int | None:
        """Return what may be spent in `month`; None when an overdraft without limit allows anything."""
        if self.credit_limit_minor is not None:
            return max(0, self.credit_limit_minor - self.used.get(month, 0))
        if self.overdraft_limit_minor is None:
            return None
        return self.balance_minor + self.overdraft_limit_minor - self.lots.frozen_minor

    def figures(self, at: datetime) -> Figures:
        """Return the account as people see it at instant `at` (limits are those of its KST month)."""
        month = billing_month(business_date(at))
        used = None if self.credit_limit_minor is None else self.used.get(month, 0)
        return Figures(
            account_id=self.account_id,
            name=self.name,
            mode=self.mode,
            currency=self.currency,
            status=self.status,
            balance_minor=self.balance_minor,
            held_minor=self.held_minor,
            refund_pending_minor=self.refund_pending_minor,
            available_minor=self.available_minor(month),
            overdraft_limit_minor=self.overdraft_limit_minor,
            credit_limit_minor=self.credit_limit_minor,
            used_this_month_minor=used,
            remaining_limit_minor=None if used is None else self.available_minor(month),
        )
