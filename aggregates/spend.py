"""The spend after the account let go of it: what a later return needs, on a stream of its own.

An account keeps a spend only while something of it is held. When the last of a hold goes, `Settled` puts the spend here
in the same commit. A spend that was captured at once has no fact here until its first return: its first fact on the
account is the evidence until then. No money moves here; each return also records `account.spend_returned` there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from aggregates.account.billing.months import month_of
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

    VERSION: ClassVar[int] = 2

    spend_id: str
    account_id: str
    spend: SpendState

    def apply(self, stream: Spend) -> None:
        stream.state = self.spend

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Take all that is captured for captured when this was recorded, which is when the last of it was."""
        _note_months(state)


@fact("spend.returned")
class SettledSpendReturned(Fact):
    """Captured money of the spend came back.

    Attributes:
        spend_id: public id of the spend.
        account_id: public id of its account.
        amount_minor: what came back.
        spend: the spend after it.
    """

    VERSION: ClassVar[int] = 2

    spend_id: str
    account_id: str
    amount_minor: int
    spend: SpendState

    def apply(self, stream: Spend) -> None:
        stream.state = self.spend

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Take what stays captured for captured in the month of the purchase."""
        _note_months(state, state["spend"]["month"])


def _note_months(state: dict[str, Any], month: str | None = None) -> None:
    """Add to an older spend in which month its captured money was captured, if it is postpaid: no lot, no overdraft."""
    spend = state["spend"]
    postpaid = spend["captured_minor"] and not spend["lots"] and not spend["overdrawn_minor"]
    month = month or month_of(datetime.fromisoformat(state["recorded_at"]))
    part = {"month": month, "amount_minor": spend["captured_minor"], "coupons": 1}
    spend["captured_in"] = [part] if postpaid else []


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
