"""Facts of spends: what was taken or held, captured and given back, and the state that they leave (SPEC 2, R-076).

A spend lives on the account while something of it is held; see `aggregates.account.spends`, which decides.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from aggregates.account import limits
from aggregates.account.billing import months
from aggregates.account.lots import LotPart
from aggregates.account.parts import MonthPart, SpendState
from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account


@fact("account.spent")
class Spent(Fact):
    """A purchase took money: held for later capture, or captured at once.

    A spend always satisfies amount = held + captured + returned.

    Attributes:
        spend_id: public id, named after this fact.
        amount_minor: > 0.
        currency: that of the account.
        mode: of the account, prepaid or postpaid.
        held_minor, captured_minor: one is the amount, the other 0.
        lots: parts taken, in the order taken (oldest first); empty for postpaid.
        overdrawn_minor: part that no lot covered.
        member_id: the sub-member who spent; None = the master.
        cash_minor: part of the amount that buys cash-convertible goods.
        spent_on: KST date of occurred_at.
        month: "YYYY-MM" of spent_on: the month whose limits it uses, and to which returns release.
        expires_at: instant from which an uncaptured hold is given back; None when captured at once.
        reference: the caller's own number for it; None when not given.
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

    def apply(self, stream: Account) -> None:
        stream.balance_minor = self.balance_minor
        stream.overdrawn_minor += self.overdrawn_minor
        if self.lots:
            stream.lots.take(self.lots)
        if self.held_minor:
            stream.held_minor += self.held_minor
            stream.own("holds")[self.spend_id] = as_state(self)
        elif self.mode == "postpaid":
            stream.receivable_minor += self.captured_minor
            stream.own_billing().note_captured(self.recorded_at, self.captured_minor, 1)
        if self.month_used_minor is not None:
            limits.note_use(stream.own("used"), self.month, self.month_used_minor, self.recorded_at)
        if self.member_id is not None and self.member_used_minor is not None:
            months = stream.own("member_used").setdefault(self.member_id, {})
            limits.note_use(months, self.month, self.member_used_minor, self.recorded_at)
        if self.cash_minor:
            used_minor = stream.cash_used.get(self.month, 0) + self.cash_minor
            limits.note_use(stream.own("cash_used"), self.month, used_minor, self.recorded_at)


@fact("account.spend_captured")
class SpendCaptured(Fact):
    """Held money was taken for good.

    Attributes:
        spend_id: public id of the spend.
        amount_minor: what this capture took from held.
        currency, mode: of the account.
        spend_amount_minor, held_minor, captured_minor, returned_minor: the spend after it.
        lots, overdrawn_minor: what the spend still keeps, after it.
        member_id, spent_on, expires_at, reference: of the spend.
        balance_minor: the account's balance (unchanged).
        reason: why, when the caller said; None when not.
        coupons: how many issued coupons it paid for; 1 for what is no order.
    """

    VERSION: ClassVar[int] = 2

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
    member_id: str | None
    spent_on: date
    expires_at: datetime | None
    reference: str | None
    balance_minor: int
    reason: str | None
    coupons: int

    def apply(self, stream: Account) -> None:
        stream.held_minor -= self.amount_minor
        if self.mode == "postpaid":
            stream.receivable_minor += self.amount_minor
            stream.own_billing().note_captured(self.recorded_at, self.amount_minor, self.coupons)
        if self.held_minor:
            stream.own("holds")[self.spend_id] = after_capture(stream.holds[self.spend_id], self)
        else:
            del stream.holds[self.spend_id]

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """How many coupons a capture paid for was not recorded: it counts as one."""
        state["coupons"] = 1


@fact("account.spend_returned")
class SpendReturned(Fact):
    """Money of a spend came back: from what was held first, then from what was captured (use-cancel).

    Attributes:
        spend_id: public id of the spend.
        amount_minor: what came back.
        from_held_minor, from_captured_minor: the two parts of it: of what was held, of what was captured.
        currency, mode: of the account.
        spend_amount_minor, held_minor, captured_minor, returned_minor: the spend after it.
        overdrawn_repaid_minor: part that went against what the account had overdrawn.
        returned_lots: parts put back into lots (SPEC R-076: reverse order of taking); a part of method "returned" is a
            new lot, for money whose overdraft a charge had paid meanwhile.
        lots, overdrawn_minor: what the spend still keeps, after it.
        member_id, cash_minor, month: where limits are released; cash_minor = the cash part that came back.
        spent_on, expires_at, reference: of the spend.
        balance_minor: the account's balance after it.
        month_used_minor, member_used_minor: uses in `month` after it; None where not applicable or the month is closed.
        reason: why a person or a rule returned it; None when not given.
        from_months: postpaid: from_captured by the month of its capture, oldest first. What was captured in the month
            in which this is recorded is not billed; the rest is carried over to the next invoice (SPEC R-090).
    """

    VERSION: ClassVar[int] = 2

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
    spent_on: date
    expires_at: datetime | None
    reference: str | None
    balance_minor: int
    month_used_minor: int | None
    member_used_minor: int | None
    reason: str | None
    from_months: tuple[MonthPart, ...]

    def apply(self, stream: Account) -> None:
        stream.balance_minor = self.balance_minor
        stream.overdrawn_minor -= self.overdrawn_repaid_minor
        stream.lots.put_back(self.returned_lots)
        stream.held_minor -= self.from_held_minor
        if self.held_minor:
            stream.own("holds")[self.spend_id] = after_return(stream.holds[self.spend_id], self)
        elif self.from_held_minor:
            del stream.holds[self.spend_id]
        if self.mode == "postpaid":
            stream.receivable_minor -= self.from_captured_minor
            if self.from_months:
                stream.own_billing().note_returned(self.recorded_at, self.from_months)
        if self.month_used_minor is not None:
            stream.own("used")[self.month] = self.month_used_minor
        if self.member_id is not None and self.member_used_minor is not None:
            stream.own("member_used").setdefault(self.member_id, {})[self.month] = self.member_used_minor
        if self.cash_minor and self.month in stream.cash_used:
            stream.cash_used[self.month] -= self.cash_minor

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Take what came back for captured in the month of its purchase: nothing had been billed then."""
        came_back_minor = state["from_captured_minor"] if state["mode"] == "postpaid" else 0
        part = {"month": state["month"], "amount_minor": came_back_minor, "coupons": 1}
        state["from_months"] = [part] if came_back_minor else []


@fact("account.difference_refunded")
class DifferenceRefunded(SpendReturned):
    """A choice turned out cheaper than what was held: the difference came back at once (SPEC P7).

    Attributes: as of `SpendReturned`; all of it from held.
    """


@fact("account.hold_expired")
class HoldExpired(SpendReturned):
    """A hold that nobody captured in time was given back.

    Attributes: as of `SpendReturned`; all of it from held.
    """


def as_state(spent: Spent) -> SpendState:
    """Return a spend as its first fact left it."""
    return SpendState(
        amount_minor=spent.amount_minor,
        held_minor=spent.held_minor,
        captured_minor=spent.captured_minor,
        returned_minor=0,
        lots=spent.lots,
        overdrawn_minor=spent.overdrawn_minor,
        member_id=spent.member_id,
        cash_minor=spent.cash_minor,
        spent_on=spent.spent_on,
        month=spent.month,
        expires_at=spent.expires_at,
        reference=spent.reference,
        captured_in=(
            (MonthPart(months.month_of(spent.recorded_at), spent.captured_minor, 1),)
            if spent.mode == "postpaid" and spent.captured_minor
            else ()
        ),
    )


def after_capture(spend: SpendState, captured: SpendCaptured) -> SpendState:
    """Return a spend as a capture left it."""
    captured_in = spend.captured_in
    if captured.mode == "postpaid":
        month = months.month_of(captured.recorded_at)
        captured_in = months.added(captured_in, month, captured.amount_minor, captured.coupons)
    return replace(
        spend, held_minor=captured.held_minor, captured_minor=captured.captured_minor, captured_in=captured_in
    )


def after_return(spend: SpendState, returned: SpendReturned) -> SpendState:
    """Return a spend as a return left it."""
    gone = returned.from_months
    return replace(
        spend,
        held_minor=returned.held_minor,
        captured_minor=returned.captured_minor,
        returned_minor=returned.returned_minor,
        lots=returned.lots,
        overdrawn_minor=returned.overdrawn_minor,
        cash_minor=spend.cash_minor - returned.cash_minor,
        captured_in=months.reduced(spend.captured_in, gone) if gone else spend.captured_in,
    )
