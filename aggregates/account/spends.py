"""Spends: money held or taken for a purchase, captured, and returned (SPEC 2, 3, R-019, R-076, R-084)."""

from __future__ import annotations

from datetime import date, datetime

from aggregates.account.lots import LotPart
from aggregates.fact import Fact, fact


@fact("account.spent")
class Spent(Fact):
    """A purchase took money: held for later capture, or captured at once.

    A spend always satisfies amount = held + captured + returned.

    Attributes:
        spend_id: public id, named after this fact.
        amount_minor: > 0.
        mode: of the account, prepaid or postpaid.
        held_minor, captured_minor: one is the amount, the other 0.
        lots: parts taken, in the order taken (oldest first); empty for postpaid.
        overdrawn_minor: part that no lot covered.
        member_id: the sub-member who spent; None = the master.
        cash_minor: part of the amount that buys cash-convertible goods.
        spent_on: KST date of occurred_at.
        month: "YYYY-MM" of spent_on: the month whose limits it uses, and to which returns release.
        expires_at: instant after which an uncaptured hold is given back; None when captured.
        balance_minor: prepaid balance after it (0 for postpaid).
        month_used_minor: use of the postpaid limit in `month` after it; None for prepaid.
        member_used_minor: the member's use in `month` after it; None without a member.
    """

    spend_id: str
    amount_minor: int
    currency: str
    mode: str
    held_minor: int
    captured_minor: int
    lots: tuple[LotPart, ...]
    overdrawn_minor: int
    member_id: str | None
    cash_minor: int
    spent_on: date
    month: str
    expires_at: datetime | None
    reference: str | None
    balance_minor: int
    month_used_minor: int | None
    member_used_minor: int | None


@fact("account.spend_captured")
class SpendCaptured(Fact):
    """Held money was taken for good.

    Attributes:
        amount_minor: what this capture took from held.
        spend_amount_minor, held_minor, captured_minor, returned_minor: the spend after it.
        lots: parts the spend still keeps, after it.
        balance_minor: the account's balance (unchanged).
    """

    spend_id: str
    amount_minor: int
    currency: str
    mode: str
    spend_amount_minor: int
    held_minor: int
    captured_minor: int
    returned_minor: int
    lots: tuple[LotPart, ...]
    overdrawn_minor: int
    balance_minor: int


@fact("account.spend_returned")
class SpendReturned(Fact):
    """Money of a spend came back: from what was held first, then from what was captured (use-cancel).

    Attributes:
        amount_minor: what came back; = from_held_minor + from_captured_minor.
        spend_amount_minor, held_minor, captured_minor, returned_minor: the spend after it.
        overdrawn_repaid_minor: part that went against what the account had overdrawn.
        returned_lots: parts put back into lots (SPEC R-076: reverse order of taking).
        lots, overdrawn_minor: what the spend still keeps, after it.
        member_id, cash_minor, month: where limits are released; cash_minor = the cash part that came back.
        balance_minor: the account's balance after it.
        month_used_minor, member_used_minor: uses in `month` after it; None where not applicable or the month is closed.
        reason: why a person or a rule returned it; None when not given.
    """

    spend_id: str
    amount_minor: int
    currency: str
    mode: str
    from_held_minor: int
    from_captured_minor: int
    spend_amount_minor: int
    held_minor: int
    captured_minor: int
    returned_minor: int
    overdrawn_repaid_minor: int
    returned_lots: tuple[LotPart, ...]
    lots: tuple[LotPart, ...]
    overdrawn_minor: int
    member_id: str | None
    cash_minor: int
    month: str
    balance_minor: int
    month_used_minor: int | None
    member_used_minor: int | None
    reason: str | None


@fact("account.difference_refunded")
class DifferenceRefunded(SpendReturned):
    """A choice turned out cheaper than what was held: the difference came back at once (SPEC P7). Fields as `SpendReturned`."""


@fact("account.hold_expired")
class HoldExpired(SpendReturned):
    """A hold that nobody captured in time was given back. Fields as `SpendReturned`; all from held."""
