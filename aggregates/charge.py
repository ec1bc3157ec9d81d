"""A charge after it has left the account's state: what its later decisions must know, found by its id at any age.

Its own small stream, created when there is something to remember: a deposit on its virtual account, its cancellation,
its chargebacks. A blank one means: as the fact on the account that gave birth to it says, and nothing since.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from aggregates.fact import Fact, Stamp, Stream, fact, stream_class


@fact("charge.deposited")
class ChargeDeposited(Fact):
    """The virtual account of the charge got its money; whatever else arrives on it is parked (SPEC R-062).

    Attributes:
        charged_on: KST date of the deposit.
        remaining_minor: what its lot held at first; the rest of the amount paid what was overdrawn.
    """

    charge_id: str
    amount_minor: int
    currency: str
    charged_on: date
    remaining_minor: int

    def apply(self, charge: Charge) -> None:
        charge.deposited_on = self.charged_on


@fact("charge.cancelled")
class ChargeWasCancelled(Fact):
    """The charge was given back; it can be neither cancelled nor charged back again (SPEC 5.2).

    Attributes: as of `account.charge_cancelled`.
    """

    charge_id: str
    amount_minor: int
    currency: str
    fee_minor: int
    payout_minor: int

    def apply(self, charge: Charge) -> None:
        charge.cancelled = True


@fact("charge.charged_back")
class ChargeWasChargedBack(Fact):
    """A part of the charge, or all of it, was taken back by the card company or a gateway (SPEC R-064).

    Attributes:
        amount_minor: taken back this time.
        charged_back_minor: taken back in all.
    """

    charge_id: str
    amount_minor: int
    currency: str
    charged_back_minor: int

    def apply(self, charge: Charge) -> None:
        charge.charged_back_minor = self.charged_back_minor


@stream_class("charge")
class Charge(Stream):
    """What is known of a charge beyond its birth.

    Attributes:
        deposited_on: KST date on which its virtual account got its money; None = not (or not a virtual account).
        cancelled: it was given back.
        charged_back_minor: taken back by the card company or a gateway, in all.
    """

    __slots__ = ("cancelled", "charged_back_minor", "deposited_on")

    Deposited = ChargeDeposited
    Cancelled = ChargeWasCancelled
    ChargedBack = ChargeWasChargedBack

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.deposited_on: date | None = None
        self.cancelled = False
        self.charged_back_minor = 0

    def deposit(
        self, stamp: Stamp, *, charge_id: str, amount_minor: int, currency: str, charged_on: date, remaining_minor: int
    ) -> ChargeDeposited:
        """Record beside `account.deposited`, which has decided it."""
        deposited: ChargeDeposited = self.record(
            ChargeDeposited,
            stamp,
            charge_id=charge_id,
            amount_minor=amount_minor,
            currency=currency,
            charged_on=charged_on,
            remaining_minor=remaining_minor,
        )
        return deposited

    def cancel(
        self, stamp: Stamp, *, charge_id: str, amount_minor: int, currency: str, fee_minor: int, payout_minor: int
    ) -> ChargeWasCancelled:
        """Record beside `account.charge_cancelled`, which has decided it."""
        cancelled: ChargeWasCancelled = self.record(
            ChargeWasCancelled,
            stamp,
            charge_id=charge_id,
            amount_minor=amount_minor,
            currency=currency,
            fee_minor=fee_minor,
            payout_minor=payout_minor,
        )
        return cancelled

    def charge_back(self, stamp: Stamp, *, charge_id: str, amount_minor: int, currency: str) -> ChargeWasChargedBack:
        """Record beside `account.charged_back`, which has decided it."""
        charged_back: ChargeWasChargedBack = self.record(
            ChargeWasChargedBack,
            stamp,
            charge_id=charge_id,
            amount_minor=amount_minor,
            currency=currency,
            charged_back_minor=self.charged_back_minor + amount_minor,
        )
        return charged_back

    def copy(self) -> Charge:
        """Return an independent copy."""
        twin = Charge(self.id)
        twin.version, twin.recorded_at, twin.pending = self.version, self.recorded_at, list(self.pending)
        twin.deposited_on, twin.cancelled = self.deposited_on, self.cancelled
        twin.charged_back_minor = self.charged_back_minor
        return twin
