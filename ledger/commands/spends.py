"""Commands that spend: take or hold money, capture it, give it back. Each answers with the spend as it stands.

When the last of a hold goes, the spend's own stream takes over what later returns need, in the same commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aggregates import spend as settled
from aggregates.account import Account
from aggregates.account.parts import SpendState
from aggregates.account.spend_facts import Spent, as_state
from aggregates.account.spends import NEVER, HoldExpiryTooFar, SpendOfOrder
from aggregates.errors import Malformed, NotFound
from aggregates.fact import Fact, Stamp
from aggregates.ids import account_of
from aggregates.plain import direct
from ledger.command import Answer, Streams, answer
from ledger.commands.origins import origin_of, require_child
from ledger.shapes import instant_json, lots_json, spend_status

DIFFERENCE_REFUND = "difference_refund"
"""`CaptureSpend.release`: give the rest of the hold back in the same commit."""


class SpendNotFound(NotFound):
    """The account has no such spend."""

    code = "spend_not_found"


@direct
@dataclass(frozen=True, slots=True)
class Spend:
    """Take money for a purchase, for good or held.

    Attributes:
        reference: the caller's own number; None when not given.
        member_id: the sub-member who spends; None = the master.
        capture: False = hold it. expires_at: of the hold; None = the usual time.
        cash_minor: part of the amount that buys cash-convertible goods.
    """

    ANSWER: ClassVar[str] = "spent/1"

    account_id: str
    amount_minor: int
    reference: str | None = None
    member_id: str | None = None
    capture: bool = True
    expires_at: datetime | None = None
    cash_minor: int = 0

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.Spent`.

        Raises:
            HoldExpiryTooFar: `expires_at` is not before the year 9999.
            LedgerError: as of `Account.spend`.
        """
        if self.expires_at is not None and self.expires_at >= NEVER:
            raise HoldExpiryTooFar("expires_at must lie before the year 9999")
        streams.account(self.account_id).spend(
            stamp,
            amount_minor=self.amount_minor,
            reference=self.reference,
            member_id=self.member_id,
            capture=self.capture,
            expires_at=self.expires_at,
            cash_minor=self.cash_minor,
        )


@direct
@dataclass(frozen=True, slots=True)
class CaptureSpend:
    """Take held money for good; `release` = "difference_refund" gives all the rest of the hold back at once."""

    ANSWER: ClassVar[str] = "spend/1"

    account_id: str
    spend_id: str
    amount_minor: int
    release: str | None = None
    reason: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.SpendCaptured`, and `Account.DifferenceRefunded` for a release.

        Raises:
            Malformed: an unknown release.
            NotFound: no such account, no such spend.
            SpendOfOrder: the spend belongs to an order.
            LedgerError: as of `Account.capture_spend`.
        """
        if self.release not in (None, DIFFERENCE_REFUND):
            raise Malformed(f"release must be {DIFFERENCE_REFUND} or left out", field="release")
        account, own = _held(streams, self.account_id, self.spend_id)
        spend = account.capture_spend(
            stamp,
            spend_id=self.spend_id,
            amount_minor=self.amount_minor,
            release_difference=self.release is not None,
            reason=self.reason,
        )
        _settle(own, stamp, account, self.spend_id, spend)


@direct
@dataclass(frozen=True, slots=True)
class ReturnSpend:
    """Give money of a spend back: held first, then captured."""

    ANSWER: ClassVar[str] = "spend/1"

    account_id: str
    spend_id: str
    amount_minor: int
    reason: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.SpendReturned`, and the spend's own fact once nothing is held.

        Raises:
            NotFound: no such account, no such spend.
            SpendOfOrder: the spend belongs to an order.
            LedgerError: as of `Account.return_spend`.
        """
        account = streams.account(self.account_id)
        require_child(account, self.spend_id, "spd", SpendNotFound)
        own = streams.stream(settled.Spend, self.spend_id)
        spend = account.holds.get(self.spend_id) or own.state
        if spend is None:
            spend = as_state(_origin(streams, account, self.spend_id))
        _refuse_of_order(spend)
        was_held = spend.held_minor > 0
        spend = account.return_spend(
            stamp, spend_id=self.spend_id, spend=spend, amount_minor=self.amount_minor, reason=self.reason
        )
        if was_held:
            _settle(own, stamp, account, self.spend_id, spend)
        else:
            own.note_return(
                stamp,
                spend_id=self.spend_id,
                account_id=account.account_id,
                amount_minor=self.amount_minor,
                spend=spend,
            )


@direct
@dataclass(frozen=True, slots=True)
class RefundDifference:
    """Give back a part of what is held, because the choice was cheaper."""

    ANSWER: ClassVar[str] = "spend/1"

    account_id: str
    spend_id: str
    amount_minor: int
    reason: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.DifferenceRefunded`.

        Raises:
            NotFound: no such account, no such spend.
            SpendOfOrder: the spend belongs to an order.
            LedgerError: as of `Account.refund_difference`.
        """
        account, own = _held(streams, self.account_id, self.spend_id)
        spend = account.refund_difference(
            stamp, spend_id=self.spend_id, amount_minor=self.amount_minor, reason=self.reason
        )
        _settle(own, stamp, account, self.spend_id, spend)


@direct
@dataclass(frozen=True, slots=True)
class ExpireHold:
    """Give back a hold whose time is over."""

    ANSWER: ClassVar[str] = "spend/1"

    account_id: str
    spend_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.HoldExpired`.

        Raises:
            NotFound: no such account, no such spend.
            LedgerError: as of `Account.expire_hold`.
        """
        account, own = _held(streams, self.account_id, self.spend_id)
        _settle(own, stamp, account, self.spend_id, account.expire_hold(stamp, spend_id=self.spend_id))


_KINDS = (Account.Spent, Account.SpendCaptured, Account.SpendReturned)


@answer("spent/1")
def spent(facts: Sequence[Fact]) -> Answer:
    """Answer with a new spend."""
    return Answer(201, _spend(facts))


@answer("spend/1")
def spend(facts: Sequence[Fact]) -> Answer:
    """Answer with a spend after a capture or a return."""
    return Answer(200, _spend(facts))


def _spend(facts: Sequence[Fact]) -> dict[str, object]:
    fact = facts[-1]
    if not isinstance(fact, _KINDS):
        fact = next(fact for fact in reversed(facts) if isinstance(fact, _KINDS))
    if isinstance(fact, Account.Spent):
        amount_minor, returned_minor = fact.amount_minor, 0
    else:
        amount_minor, returned_minor = fact.spend_amount_minor, fact.returned_minor
    return {
        "id": fact.spend_id,
        "account_id": account_of(fact.spend_id),
        "amount": amount_minor,
        "currency": fact.currency,
        "held": fact.held_minor,
        "captured": fact.captured_minor,
        "returned": returned_minor,
        "status": spend_status(amount_minor, fact.held_minor, returned_minor),
        "lots": lots_json(fact.lots),
        "overdrawn": fact.overdrawn_minor,
        "member_id": fact.member_id,
        "reference": fact.reference,
        "spent_on": fact.spent_on.isoformat(),
        "expires_at": None if fact.expires_at is None else instant_json(fact.expires_at),
        "balance": fact.balance_minor,
    }


def _origin(streams: Streams, account: Account, spend_id: str) -> Spent:
    return origin_of(streams, account, spend_id, "spd", Account.Spent, SpendNotFound)


def _held(streams: Streams, account_id: str, spend_id: str) -> tuple[Account, settled.Spend]:
    """Return the account and the spend's own stream, for a decision on what is held.

    (The decision itself refuses a spend of which nothing is held; here only one that never was.)
    """
    account = streams.account(account_id)
    require_child(account, spend_id, "spd", SpendNotFound)
    held = account.holds.get(spend_id)
    if held is None:
        _origin(streams, account, spend_id)
    else:
        _refuse_of_order(held)
    return account, streams.stream(settled.Spend, spend_id)


def _refuse_of_order(spend: SpendState) -> None:
    if spend.expires_at == NEVER:
        raise SpendOfOrder("the spend belongs to an order; only the order takes or returns its money")


def _settle(own: settled.Spend, stamp: Stamp, account: Account, spend_id: str, spend: SpendState) -> None:
    """Hand the spend over to its own stream once nothing of it is held."""
    if not spend.held_minor:
        own.settle(stamp, spend_id=spend_id, account_id=account.account_id, spend=spend)
