"""A withdrawal: collected money that the payee has sent to its own bank account, under four eyes.

requested -> paying -> paid | failed; requested -> rejected; paid -> returned. Who asks does not approve. The bank is
told once it is approved, and then only the bank's answer decides.
"""

from __future__ import annotations

from typing import Self
from uuid import UUID

from aggregates.errors import Conflict, NotFound, Rejected
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class

PREFIX = "wdr"
REQUESTED, PAYING, PAID, FAILED, REJECTED, RETURNED = "requested", "paying", "paid", "failed", "rejected", "returned"


class WithdrawalNotFound(NotFound):
    """There is no such withdrawal."""

    code = "withdrawal_not_found"


class WithdrawalElsewhere(Conflict):
    """The withdrawal is in another state; `status` says in which."""

    code = "withdrawal_wrong_status"


class AnotherPersonApproves(Rejected):
    """Who asked for a withdrawal does not approve it."""

    code = "withdrawal_second_person_required"


@fact("withdrawal.requested")
class WithdrawalAsked(Fact):
    """Collected money shall go to a bank account; beside it the account's own fact has taken it out.

    Attributes:
        withdrawal_id: public id ("wdr_...").
        account_id: whose money it is.
        amount_minor: what shall go.
        currency: that of the account.
        bank: code or name of the bank.
        destination: vault token of number and holder.
        requested_by: the person who asked.
    """

    withdrawal_id: str
    account_id: str
    amount_minor: int
    currency: str
    bank: str
    destination: str
    requested_by: str

    def apply(self, withdrawal: Withdrawal) -> None:
        withdrawal.withdrawal_id = self.withdrawal_id
        withdrawal.account_id = self.account_id
        withdrawal.amount_minor = self.amount_minor
        withdrawal.requested_by = self.requested_by
        withdrawal.status = REQUESTED


@fact("withdrawal.approved")
class WithdrawalApproved(Fact):
    """Another person has approved it; the bank is told next.

    Attributes:
        withdrawal_id: public id.
        approved_by: the person.
    """

    withdrawal_id: str
    approved_by: str

    def apply(self, withdrawal: Withdrawal) -> None:
        withdrawal.status = PAYING


@fact("withdrawal.rejected")
class WithdrawalRejected(Fact):
    """It was refused; the money is collected money again.

    Attributes:
        withdrawal_id: public id.
        rejected_by: the person.
        reason: why, in the operator's words.
    """

    withdrawal_id: str
    rejected_by: str
    reason: str

    def apply(self, withdrawal: Withdrawal) -> None:
        withdrawal.status = REJECTED


@fact("withdrawal.paid")
class WithdrawalDone(Fact):
    """The bank has paid it.

    Attributes:
        withdrawal_id: public id.
    """

    withdrawal_id: str

    def apply(self, withdrawal: Withdrawal) -> None:
        withdrawal.status = PAID


@fact("withdrawal.failed")
class WithdrawalFailed(Fact):
    """The bank definitely has not paid it; the money is collected money again.

    Attributes:
        withdrawal_id: public id.
        code: the bank's reason.
    """

    withdrawal_id: str
    code: str

    def apply(self, withdrawal: Withdrawal) -> None:
        withdrawal.status = FAILED


@fact("withdrawal.returned")
class WithdrawalSentBack(Fact):
    """It was paid and came back; the money is collected money again.

    Attributes:
        withdrawal_id: public id.
        code: the bank's reason.
    """

    withdrawal_id: str
    code: str

    def apply(self, withdrawal: Withdrawal) -> None:
        withdrawal.status = RETURNED


@stream_class("withdrawal")
class Withdrawal(Stream):
    """One withdrawal.

    Attributes:
        withdrawal_id, account_id, amount_minor, requested_by: as requested.
        status: requested, paying, paid, failed, rejected or returned.
    """

    __slots__ = ("account_id", "amount_minor", "requested_by", "status", "withdrawal_id")

    Requested = WithdrawalAsked
    Approved = WithdrawalApproved
    Rejected = WithdrawalRejected
    Paid = WithdrawalDone
    Failed = WithdrawalFailed
    Returned = WithdrawalSentBack

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.withdrawal_id = ""
        self.account_id = ""
        self.amount_minor = 0
        self.requested_by = ""
        self.status = ""

    def request(
        self,
        stamp: Stamp,
        *,
        withdrawal_id: str,
        account_id: str,
        amount_minor: int,
        currency: str,
        bank: str,
        destination: str,
    ) -> None:
        """Record beside the account's own fact that money shall go. destination: vault token."""
        self.record(
            WithdrawalAsked,
            stamp,
            withdrawal_id=withdrawal_id,
            account_id=account_id,
            amount_minor=amount_minor,
            currency=currency,
            bank=bank,
            destination=destination,
            requested_by=_person(stamp),
        )

    def approve(self, stamp: Stamp) -> None:
        """Let the bank be told. Raises: WithdrawalElsewhere, AnotherPersonApproves."""
        self.require(REQUESTED)
        if _person(stamp) == self.requested_by:
            raise AnotherPersonApproves("another person than the one who asked must approve it")
        self.record(WithdrawalApproved, stamp, withdrawal_id=self.withdrawal_id, approved_by=_person(stamp))

    def reject(self, stamp: Stamp, *, reason: str) -> None:
        """Refuse it, also as the one who asked. Raises: WithdrawalElsewhere."""
        self.require(REQUESTED)
        self.record(
            WithdrawalRejected,
            stamp,
            withdrawal_id=self.withdrawal_id,
            rejected_by=_person(stamp),
            reason=reason,
        )

    def pay(self, stamp: Stamp) -> None:
        """Record the bank's yes. Raises: WithdrawalElsewhere."""
        self.require(PAYING)
        self.record(WithdrawalDone, stamp, withdrawal_id=self.withdrawal_id)

    def fail(self, stamp: Stamp, *, code: str) -> None:
        """Record the bank's definite no. Raises: WithdrawalElsewhere."""
        self.require(PAYING)
        self.record(WithdrawalFailed, stamp, withdrawal_id=self.withdrawal_id, code=code)

    def send_back(self, stamp: Stamp, *, code: str) -> None:
        """Record that it came back. Raises: WithdrawalElsewhere."""
        self.require(PAID)
        self.record(WithdrawalSentBack, stamp, withdrawal_id=self.withdrawal_id, code=code)

    def require(self, status: str) -> None:
        """Refuse anything in another state. Raises: WithdrawalElsewhere."""
        if self.status != status:
            raise WithdrawalElsewhere(f"the withdrawal must be {status}", status=self.status)

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *Withdrawal.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin


def _person(stamp: Stamp) -> str:
    return stamp.owner or stamp.actor
