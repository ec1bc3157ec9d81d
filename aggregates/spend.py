"""The spend after the account let go of it: what a later return needs, on a stream of its own.

An account keeps a spend only while something of it is held. When the last of a hold goes, `Settled` puts the spend here
in the same commit. A spend that was captured at once has no fact here until its first return: its first fact on the
account is the evidence until then. No money moves here; each return also records `account.spend_returned` there.
"""

from __future__ import annotations

from typing import Self
from uuid import UUID

from aggregates.account.parts import SpendState
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class


@fact("spend.settled")
class SpendSettled(Fact):
    """Nothing of the spend is held any more.

    Attributes:
        spend_id: public id of the spend.
        account_id: public id of its account.
        spend: as the last fact on the account left it; held is 0.
    """

    spend_id: str
    account_id: str
    spend: SpendState

    def apply(self, stream: Spend) -> None:
        stream.state = self.spend


@fact("spend.returned")
class SettledSpendReturned(Fact):
    """Captured money of the spend came back.

    Attributes:
        spend_id: public id of the spend.
        account_id: public id of its account.
        amount_minor: what came back.
        spend: the spend after it.
    """

    spend_id: str
    account_id: str
    amount_minor: int
    spend: SpendState

    def apply(self, stream: Spend) -> None:
        stream.state = self.spend


@stream_class("spend")
class Spend(Stream):
    """A spend of which nothing is held.

    Attributes:
        state: the spend as it stands; None before the first fact here.
    """

    __slots__ = ("state",)

    Settled = SpendSettled
    Returned = SettledSpendReturned

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.state: SpendState | None = None

    def settle(self, stamp: Stamp, *, spend_id: str, account_id: str, spend: SpendState) -> None:
        """Record that nothing is held any more; `spend` is what the account's last fact left."""
        self.record(SpendSettled, stamp, spend_id=spend_id, account_id=account_id, spend=spend)

    def note_return(
        self, stamp: Stamp, *, spend_id: str, account_id: str, amount_minor: int, spend: SpendState
    ) -> None:
        """Record that captured money came back; `spend` is what the account's fact left."""
        self.record(
            SettledSpendReturned,
            stamp,
            spend_id=spend_id,
            account_id=account_id,
            amount_minor=amount_minor,
            spend=spend,
        )

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        twin.version, twin.recorded_at, twin.pending = (self.version, self.recorded_at, list(self.pending))
        twin.state = self.state
        return twin
