"""Commands that move balances between accounts or correct them: transfers, adjustments, imported movements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from aggregates.account import Account
from aggregates.errors import NotFound
from aggregates.fact import Fact, Stamp
from aggregates.ids import account_of, parse
from ledger.command import Answer, Streams, answer
from ledger.commands.origins import origin_of
from ledger.periods import check_day
from ledger.shapes import lots_json


class AdjustmentNotFound(NotFound):
    """There is no such adjustment."""

    code = "adjustment_not_found"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Move money between two prepaid accounts of this ledger, in one commit."""

    ANSWER: ClassVar[str] = "transfer/1"

    from_account_id: str
    to_account_id: str
    amount_minor: int
    reference: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.TransferSent` and `Account.TransferReceived`. Raises: as of `Account.transfer`."""
        sender = streams.account(self.from_account_id)
        receiver = streams.account(self.to_account_id)
        sender.transfer(stamp, to=receiver, amount_minor=self.amount_minor, reference=self.reference)


@dataclass(frozen=True, slots=True)
class RequestAdjustment:
    """Propose a correction of a balance; `amount_minor` is signed."""

    ANSWER: ClassVar[str] = "adjustment-requested/1"

    account_id: str
    amount_minor: int
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.AdjustmentRequested`. Raises: as of `Account.request_adjustment`."""
        streams.account(self.account_id).request_adjustment(stamp, amount_minor=self.amount_minor, reason=self.reason)


@dataclass(frozen=True, slots=True)
class ApproveAdjustment:
    """Approve a correction that another person proposed."""

    ANSWER: ClassVar[str] = "adjustment/1"

    adjustment_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.AdjustmentApproved`. Raises: NotFound; as of `Account.approve_adjustment`."""
        _account_of(streams, self.adjustment_id).approve_adjustment(stamp, adjustment_id=self.adjustment_id)


@dataclass(frozen=True, slots=True)
class RejectAdjustment:
    """Turn a correction down."""

    ANSWER: ClassVar[str] = "adjustment/1"

    adjustment_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.AdjustmentRejected`. Raises: NotFound; as of `Account.reject_adjustment`."""
        account = _account_of(streams, self.adjustment_id)
        account.reject_adjustment(stamp, adjustment_id=self.adjustment_id, reason=self.reason)


@dataclass(frozen=True, slots=True)
class ImportMovement:
    """Take over a movement of an older system; `amount_minor` is signed, `booked_on` its KST date."""

    ANSWER: ClassVar[str] = "imported/1"

    account_id: str
    amount_minor: int
    booked_on: date
    reference: str
    text: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.Imported`. Raises: PeriodIsClosed; as of `Account.import_movement`."""
        account = streams.account(self.account_id)
        check_day(streams, stamp, self.booked_on)
        account.import_movement(
            stamp,
            amount_minor=self.amount_minor,
            booked_on=self.booked_on,
            reference=self.reference,
            text=self.text,
        )


STATUS_AFTER: dict[type[Fact], str] = {
    Account.AdjustmentRequested: "pending",
    Account.AdjustmentApproved: "approved",
    Account.AdjustmentRejected: "rejected",
}
"""What an adjustment is after each fact."""


@answer("transfer/1")
def transfer(facts: Sequence[Fact]) -> Answer:
    """Answer with both movements of a transfer."""
    sent = next(fact for fact in facts if isinstance(fact, Account.TransferSent))
    received = next(fact for fact in facts if isinstance(fact, Account.TransferReceived))
    return Answer(
        201,
        {
            "id": sent.transfer_id,
            "amount": sent.amount_minor,
            "currency": sent.currency,
            "reference": sent.reference,
            "sent": {
                "account_id": received.from_account_id,
                "amount": -sent.amount_minor,
                "balance": sent.balance_minor,
                "lots": lots_json(sent.lots),
                "version": sent.originator_version,
            },
            "received": {
                "id": received.receipt_id,
                "account_id": sent.to_account_id,
                "amount": received.amount_minor,
                "balance": received.balance_minor,
                "lots": lots_json(received.lots),
                "version": received.originator_version,
            },
        },
    )


@answer("adjustment-requested/1")
def adjustment_requested(facts: Sequence[Fact]) -> Answer:
    """Answer with a proposed correction."""
    return Answer(201, _adjustment(facts))


@answer("adjustment/1")
def adjustment(facts: Sequence[Fact]) -> Answer:
    """Answer with a decided correction."""
    return Answer(200, _adjustment(facts))


@answer("imported/1")
def imported(facts: Sequence[Fact]) -> Answer:
    """Answer with an imported movement and the balance after it."""
    fact = next(fact for fact in facts if isinstance(fact, Account.Imported))
    return Answer(
        201,
        {
            "id": fact.import_id,
            "account_id": account_of(fact.import_id),
            "amount": fact.amount_minor,
            "currency": fact.currency,
            "booked_on": fact.booked_on.isoformat(),
            "reference": fact.reference,
            "balance": fact.balance_minor,
        },
    )


def _adjustment(facts: Sequence[Fact]) -> dict[str, object]:
    kinds = (Account.AdjustmentRequested, Account.AdjustmentApproved, Account.AdjustmentRejected)
    fact = next(fact for fact in facts if isinstance(fact, kinds))
    shape: dict[str, object] = {
        "id": fact.adjustment_id,
        "account_id": account_of(fact.adjustment_id),
        "amount": fact.amount_minor,
        "currency": fact.currency,
        "status": STATUS_AFTER[type(fact)],
        "reason": fact.reason,
        "made_by": fact.made_by,
        "decided_by": None,
        "balance": None,
    }
    if isinstance(fact, Account.AdjustmentApproved):
        shape["decided_by"], shape["balance"] = fact.approved_by, fact.balance_minor
    elif isinstance(fact, Account.AdjustmentRejected):
        shape["decided_by"] = fact.rejected_by
    return shape


def _account_of(streams: Streams, adjustment_id: str) -> Account:
    """Return the account of an adjustment that exists or has existed. Raises: NotFound."""
    account = streams.account(parse(adjustment_id, "adj").account_id)
    if adjustment_id not in account.adjustments:
        origin_of(streams, account, adjustment_id, "adj", Account.AdjustmentRequested, AdjustmentNotFound)
    return account
