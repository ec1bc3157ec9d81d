"""Commands on withdrawals: ask, approve, reject, and take what the bank says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates.collecting.withdrawal import (
    FAILED,
    PAID,
    PAYING,
    PREFIX,
    REJECTED,
    REQUESTED,
    RETURNED,
    Withdrawal,
    WithdrawalNotFound,
)
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from ledger.command import Answer, Streams, answer

STATUS_AFTER: dict[type[Fact], str] = {
    Withdrawal.Requested: REQUESTED,
    Withdrawal.Approved: PAYING,
    Withdrawal.Rejected: REJECTED,
    Withdrawal.Paid: PAID,
    Withdrawal.Failed: FAILED,
    Withdrawal.Returned: RETURNED,
}
"""Fact -> the state that a withdrawal is in after it."""


@dataclass(frozen=True, slots=True)
class RequestWithdrawal:
    """Ask that collected money goes to a bank account of the payee.

    Attributes:
        destination: vault token of number and holder.
    """

    ANSWER: ClassVar[str] = "withdrawal/1"

    account_id: str
    amount_minor: int
    bank: str
    destination: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Withdrawal.Requested` and `Account.WithdrawalRequested`.

        Raises:
            AccountNotFound.
            LedgerError: as of `Account.request_withdrawal`.
        """
        account = streams.account(self.account_id)
        withdrawal_id, withdrawal = streams.new_child(Withdrawal, PREFIX, self.account_id)
        account.request_withdrawal(stamp, withdrawal_id=withdrawal_id, amount_minor=self.amount_minor)
        withdrawal.request(
            stamp,
            withdrawal_id=withdrawal_id,
            account_id=self.account_id,
            amount_minor=self.amount_minor,
            currency=account.currency,
            bank=self.bank,
            destination=self.destination,
        )


@dataclass(frozen=True, slots=True)
class ApproveWithdrawal:
    """Let the bank be told, as another person than the one who asked."""

    ANSWER: ClassVar[str] = "withdrawal-status/1"

    withdrawal_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Withdrawal.Approved`. Raises: WithdrawalNotFound; as of `Withdrawal.approve`."""
        known_withdrawal(streams, self.withdrawal_id).approve(stamp)


@dataclass(frozen=True, slots=True)
class RejectWithdrawal:
    """Refuse it; the money is collected money again."""

    ANSWER: ClassVar[str] = "withdrawal-status/1"

    withdrawal_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Withdrawal.Rejected` and `Account.WithdrawalEnded`. Raises: as of `Withdrawal.reject`."""
        withdrawal = known_withdrawal(streams, self.withdrawal_id)
        account = streams.account(withdrawal.account_id)
        withdrawal.reject(stamp, reason=self.reason)
        account.end_withdrawal(
            stamp, withdrawal_id=self.withdrawal_id, amount_minor=withdrawal.amount_minor, code=REJECTED
        )


@dataclass(frozen=True, slots=True)
class PayWithdrawal:
    """Take the bank's word that it has paid. transfer: its key."""

    ANSWER: ClassVar[str] = "withdrawal-status/1"

    withdrawal_id: str
    transfer: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Withdrawal.Paid` and `Account.WithdrawalPaid`. Raises: as of `Withdrawal.pay`."""
        withdrawal = known_withdrawal(streams, self.withdrawal_id)
        account = streams.account(withdrawal.account_id)
        withdrawal.pay(stamp)
        account.pay_withdrawal(
            stamp, withdrawal_id=self.withdrawal_id, transfer=self.transfer, amount_minor=withdrawal.amount_minor
        )


@dataclass(frozen=True, slots=True)
class FailWithdrawal:
    """Take the bank's definite no."""

    ANSWER: ClassVar[str] = "withdrawal-status/1"

    withdrawal_id: str
    reason_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Withdrawal.Failed` and `Account.WithdrawalEnded`. Raises: as of `Withdrawal.fail`."""
        withdrawal = known_withdrawal(streams, self.withdrawal_id)
        account = streams.account(withdrawal.account_id)
        withdrawal.fail(stamp, code=self.reason_code)
        account.end_withdrawal(
            stamp, withdrawal_id=self.withdrawal_id, amount_minor=withdrawal.amount_minor, code=self.reason_code
        )


@dataclass(frozen=True, slots=True)
class ReturnWithdrawal:
    """Take the bank's word that what it had paid has come back."""

    ANSWER: ClassVar[str] = "withdrawal-status/1"

    withdrawal_id: str
    transfer: str
    reason_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Withdrawal.Returned` and `Account.WithdrawalReturned`. Raises: as of `Withdrawal.send_back`."""
        withdrawal = known_withdrawal(streams, self.withdrawal_id)
        account = streams.account(withdrawal.account_id)
        withdrawal.send_back(stamp, code=self.reason_code)
        account.return_withdrawal(
            stamp,
            withdrawal_id=self.withdrawal_id,
            transfer=self.transfer,
            amount_minor=withdrawal.amount_minor,
            code=self.reason_code,
        )


def known_withdrawal(streams: Streams, withdrawal_id: str) -> Withdrawal:
    """Return a withdrawal. Raises: WithdrawalNotFound."""
    parse(withdrawal_id, PREFIX)
    return streams.known(Withdrawal, withdrawal_id, WithdrawalNotFound)


def withdrawal_json(
    withdrawal_id: str, *, account_id: str, amount_minor: int, currency: str, bank: str, status: str, code: str | None
) -> dict[str, Any]:
    """Return a withdrawal in the shape of the HTTP face."""
    return {
        "id": withdrawal_id,
        "account_id": account_id,
        "amount": amount_minor,
        "currency": currency,
        "bank": bank,
        "status": status,
        "code": code,
    }


@answer("withdrawal/1")
def withdrawal(facts: Sequence[Fact]) -> Answer:
    """Answer with a withdrawal that was asked for."""
    fact = next(fact for fact in facts if isinstance(fact, Withdrawal.Requested))
    shape = withdrawal_json(
        fact.withdrawal_id,
        account_id=fact.account_id,
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        bank=fact.bank,
        status=REQUESTED,
        code=None,
    )
    return Answer(201, shape)


@answer("withdrawal-status/1")
def withdrawal_status(facts: Sequence[Fact]) -> Answer:
    """Answer with the state that a withdrawal is in."""
    fact: Any = next(fact for fact in facts if type(fact) in STATUS_AFTER)
    return Answer(200, {"id": fact.withdrawal_id, "status": STATUS_AFTER[type(fact)]})
