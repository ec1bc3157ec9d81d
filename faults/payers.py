"""People who pay, are paid and change their minds: what they do next follows from the ledger's facts alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aggregates.collecting.obligation import Obligation
from aggregates.collecting.payout_link import DETAILS_SUBMITTED, PAYOUT_FAILED, PayoutLink
from aggregates.collecting.payout_link_facts import ISSUED
from aggregates.collecting.withdrawal import REQUESTED, Withdrawal
from faults.follower import Follower
from ledger.command import Command
from ledger.commands.collecting.obligations import Method
from ledger.commands.collecting.payout_links import PayPayoutLink, RefundPayoutLink, SubmitPayoutDetails
from ledger.commands.collecting.withdrawals import ApproveWithdrawal

TRIES = 3


@dataclass(slots=True)
class Due:
    """Somebody who pays one thing, and tries again when it came to nothing."""

    obligation_id: str
    pay: Callable[[Obligation], Command]
    tries: int = TRIES

    def next(self, seen: Follower) -> Command | None:
        """Return what they do now; None = nothing."""
        due = seen.find(Obligation, self.obligation_id)
        if due is None or due.is_paid or due.closed or due.attempt is not None or not self.tries:
            return None
        self.tries -= 1
        return self.pay(due)


@dataclass(slots=True)
class PaidOut:
    """A pay-out link: its payee enters details, its creator pays, and what fails is tried otherwise or taken back.

    Attributes:
        destinations: vault tokens of where the money shall go, one for each try.
    """

    link_id: str
    destinations: list[str]
    method: Method
    gives_up: bool
    tries: int = TRIES + 1

    def next(self, seen: Follower) -> Command | None:
        """Return what payee or creator does now; None = nothing."""
        link = seen.find(PayoutLink, self.link_id)
        if link is None:
            return None
        details = link.details
        if link.status == ISSUED or (link.status == PAYOUT_FAILED and link.version_submitted <= link.tried_version):
            if link.status == PAYOUT_FAILED and (self.gives_up or not self.destinations):
                return self._try(RefundPayoutLink(self.link_id, "not wanted any more"))
            if self.destinations:
                return SubmitPayoutDetails(self.link_id, "account", self.destinations.pop())
        elif link.status in (DETAILS_SUBMITTED, PAYOUT_FAILED) and details is not None and details.holder_check:
            method = self.method if link.status == DETAILS_SUBMITTED else None
            return self._try(PayPayoutLink(self.link_id, link.version_submitted, method))
        return None

    def _try(self, command: Command) -> Command | None:
        self.tries -= 1
        return command if self.tries >= 0 else None


@dataclass(slots=True)
class Withdrawn:
    """A withdrawal that another person approves."""

    withdrawal_id: str

    def next(self, seen: Follower) -> Command | None:
        """Return the approval while it is wanted."""
        out = seen.find(Withdrawal, self.withdrawal_id)
        return ApproveWithdrawal(self.withdrawal_id) if out is not None and out.status == REQUESTED else None
