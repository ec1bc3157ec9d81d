"""Commands on virtual accounts: take a deposit, record an expiry, decide what becomes of parked money (SPEC R-062)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates import ids
from aggregates.account import Account
from aggregates.account.deposits import (
    DepositAwaited,
    Deposited,
    DepositExpired,
    DepositParked,
    ParkedDepositCredited,
    ParkedDepositReturned,
)
from aggregates.errors import NotFound
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer
from ledger.commands.charges import ChargeNotFound, charge_json, charge_streams, paid_json
from ledger.commands.origins import origin_of


class DepositNotFound(NotFound):
    """The account has no such parked deposit."""

    code = "deposit_not_found"


@dataclass(frozen=True, slots=True)
class DepositCharge:
    """Take money that arrived on the virtual account of a charge: booked, or parked for an operator."""

    ANSWER: ClassVar[str] = "deposit/1"

    account_id: str
    charge_id: str
    amount_minor: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.Deposited` and the charge's own fact, or `Account.DepositParked`.

        Raises:
            NotFound: no such account, no such virtual account.
            LedgerError: as of `Account.deposit`.
        """
        take_deposit(streams, stamp, self.account_id, self.charge_id, self.amount_minor)


@dataclass(frozen=True, slots=True)
class ExpireDeposit:
    """Record that the window of a virtual account has closed."""

    ANSWER: ClassVar[str] = "deposit-expired/1"

    account_id: str
    charge_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.DepositExpired`.

        Raises:
            NotFound: no such account, no such virtual account.
            LedgerError: as of `Account.expire_deposit`.
        """
        account = streams.account(self.account_id)
        if self.charge_id not in account.awaited:
            origin_of(streams, account, self.charge_id, "chg", DepositAwaited, ChargeNotFound)
        account.expire_deposit(stamp, charge_id=self.charge_id)


@dataclass(frozen=True, slots=True)
class CreditParkedDeposit:
    """Put parked money on the account after all."""

    ANSWER: ClassVar[str] = "parked-deposit/1"

    account_id: str
    deposit_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.ParkedDepositCredited`.

        Raises:
            NotFound: no such account, no such parked deposit.
            LedgerError: as of `Account.credit_parked_deposit`.
        """
        account = _parking_account(streams, self.account_id, self.deposit_id)
        account.credit_parked_deposit(stamp, deposit_id=self.deposit_id, reason=self.reason)


@dataclass(frozen=True, slots=True)
class ReturnParkedDeposit:
    """Send parked money back to where it came from."""

    ANSWER: ClassVar[str] = "parked-deposit/1"

    account_id: str
    deposit_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.ParkedDepositReturned`.

        Raises:
            NotFound: no such account, no such parked deposit.
            LedgerError: as of `Account.return_parked_deposit`.
        """
        account = _parking_account(streams, self.account_id, self.deposit_id)
        account.return_parked_deposit(stamp, deposit_id=self.deposit_id, reason=self.reason)


def take_deposit(
    streams: Streams, stamp: Stamp, account_id: str, charge_id: str, amount_minor: int
) -> Deposited | DepositParked:
    """Record money that arrived on a virtual account. Raises: as of `DepositCharge`."""
    account, own = charge_streams(streams, account_id, charge_id)
    awaited = origin_of(streams, account, charge_id, "chg", DepositAwaited, ChargeNotFound)
    taken = account.deposit(stamp, awaited=awaited, past=own, amount_minor=amount_minor)
    if isinstance(taken, Deposited):
        own.deposit(
            stamp,
            charge_id=taken.charge_id,
            amount_minor=taken.amount_minor,
            currency=taken.currency,
            charged_on=taken.charged_on,
            remaining_minor=taken.remaining_minor,
        )
    return taken


def _parking_account(streams: Streams, account_id: str, deposit_id: str) -> Account:
    account = streams.account(account_id)
    if deposit_id not in account.parked:
        origin_of(streams, account, deposit_id, "dep", DepositParked, DepositNotFound)
    return account


@answer("deposit/1")
def deposit(facts: Sequence[Fact]) -> Answer:
    """Answer with the charge; when the money was parked, the charge as it stands and the parked deposit."""
    fact = facts[0]
    if isinstance(fact, Deposited):
        return Answer(200, paid_json(fact, "virtual_account"))
    assert isinstance(fact, DepositParked)
    body = charge_json(
        fact.charge_id,
        amount_minor=fact.expected_minor,
        currency=fact.currency,
        method="virtual_account",
        status=fact.charge_status,
        charged_on=None if fact.charged_on is None else fact.charged_on.isoformat(),
        remaining_minor=fact.charge_remaining_minor,
    )
    if fact.charge_status != "paid":
        body["expires_on"] = fact.charge_expires_on.isoformat()
    return Answer(
        200, {**body, "parked_deposit": {"id": fact.deposit_id, "amount": fact.amount_minor, "why": fact.why}}
    )


@answer("deposit-expired/1")
def deposit_expired(facts: Sequence[Fact]) -> Answer:
    """Answer with a charge whose virtual account takes no deposit any more."""
    fact = facts[0]
    assert isinstance(fact, DepositExpired)
    body = charge_json(
        fact.charge_id,
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        method="virtual_account",
        status="expired",
        charged_on=None,
        remaining_minor=0,
    )
    return Answer(200, {**body, "expires_on": fact.expires_on.isoformat()})


@answer("parked-deposit/1")
def parked_deposit(facts: Sequence[Fact]) -> Answer:
    """Answer with what became of parked money: credited as a lot, or returned."""
    fact = facts[0]
    assert isinstance(fact, ParkedDepositCredited | ParkedDepositReturned)
    body: dict[str, Any] = {
        "id": fact.deposit_id,
        "account_id": ids.account_of(fact.deposit_id),
        "amount": fact.amount_minor,
        "currency": fact.currency,
        "status": "returned",
        "charged_on": None,
        "remaining": 0,
        "reason": fact.reason,
    }
    if isinstance(fact, ParkedDepositCredited):
        body["status"] = "credited"
        body["charged_on"] = fact.charged_on.isoformat()
        body["remaining"] = fact.remaining_minor
    return Answer(200, body)
