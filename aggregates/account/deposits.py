"""Virtual accounts: charges that wait for a deposit, and money that arrived where it could not be booked (SPEC R-062)."""

from __future__ import annotations

from datetime import date

from aggregates.fact import Fact, fact


@fact("account.deposit_awaited")
class DepositAwaited(Fact):
    """A virtual account was issued for a charge; nothing is paid yet.

    Attributes:
        charge_id: public id, named after this fact.
        amount_minor: exactly what must be deposited.
        issued_on: KST date of issue.
        expires_on: last KST day on which a deposit is booked (issue + 7 days).
    """

    charge_id: str
    amount_minor: int
    currency: str
    reference: str | None
    issued_on: date
    expires_on: date


@fact("account.deposited")
class Deposited(Fact):
    """The awaited amount arrived; the charge is paid. Fields as of `Charged`, method virtual_account."""

    charge_id: str
    amount_minor: int
    currency: str
    reference: str | None
    charged_on: date
    overdrawn_paid_minor: int
    remaining_minor: int
    balance_minor: int


@fact("account.deposit_expired")
class DepositExpired(Fact):
    """The window of a virtual account closed without its deposit (recorded by a job; the clock had decided before)."""

    charge_id: str
    amount_minor: int
    currency: str


@fact("account.deposit_parked")
class DepositParked(Fact):
    """Money arrived that matches no open virtual account; it is kept apart until an operator decides.

    Attributes:
        deposit_id: public id of the parked money ("dep_...").
        charge_id: the virtual account it came in on.
        amount_minor: what arrived.
        expected_minor: what the charge had asked for.
        why: amount_mismatch, after_expiry or already_paid.
    """

    deposit_id: str
    charge_id: str
    amount_minor: int
    expected_minor: int
    currency: str
    why: str


@fact("account.parked_deposit_credited")
class ParkedDepositCredited(Fact):
    """An operator put parked money on the account; it becomes a lot under its deposit id, method virtual_account."""

    deposit_id: str
    amount_minor: int
    currency: str
    charged_on: date
    overdrawn_paid_minor: int
    remaining_minor: int
    balance_minor: int
    reason: str


@fact("account.parked_deposit_returned")
class ParkedDepositReturned(Fact):
    """An operator sent parked money back to where it came from."""

    deposit_id: str
    amount_minor: int
    currency: str
    reason: str
