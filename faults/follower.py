"""Follows a ledger fact by fact, and knows what of collected and paid-out money is under way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeVar
from uuid import UUID

from aggregates import ids
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.payout_link import DETAILS_SUBMITTED, PayoutLink
from aggregates.collecting.payout_link_facts import FUNDED, FUNDING, PAYING, REFUNDING
from aggregates.collecting.withdrawal import PAYING as WITHDRAWAL_PAYING
from aggregates.collecting.withdrawal import Withdrawal
from aggregates.fact import Stream
from aggregates.payment import VIRTUAL_ACCOUNT, Payment
from ledger.mapper import to_fact
from ledger.store import Store

S = TypeVar("S", bound=Stream)

FACTS_MAX = 5_000
"""Facts read at a time."""

QUERY = (
    "SELECT notification_id, originator_id, originator_version, topic, state FROM ledger_events"
    " WHERE notification_id > %s ORDER BY notification_id LIMIT %s"
)


class Follower:
    """The streams of a ledger, folded as far as they were read.

    Attributes:
        position: of the last fact read. topics: how many facts of each kind there were.
        deposits: how many deposits on virtual accounts were collected.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._streams: dict[UUID, Any] = {}
        self.position = 0
        self.topics = Counter[str]()
        self.deposits = 0

    async def catch_up(self) -> int:
        """Read what is new; return how many facts it was. Raises: Unavailable."""
        before = self.position
        while True:
            rows = await self._store.read(QUERY, (self.position, FACTS_MAX))
            for position, stream_id, version, topic, state in rows:
                fact = to_fact(stream_id, version, topic, state)
                self._streams[stream_id] = fact.mutate(self._streams.get(stream_id))
                self.position = position
                self.topics[fact.TOPIC] += 1
                self.deposits += isinstance(fact, Obligation.Settled) and fact.method == VIRTUAL_ACCOUNT
            if len(rows) < FACTS_MAX:
                return self.position - before

    def find(self, kind: type[S], public_id: str) -> S | None:
        """Return a stream; None = nothing is known of it."""
        found = self._streams.get(ids.stream_id(public_id))
        assert found is None or isinstance(found, kind)
        return found

    def every(self, kind: type[S]) -> Iterator[S]:
        """Yield all streams of a kind, oldest first."""
        return (stream for stream in self._streams.values() if isinstance(stream, kind))

    def under_way(self) -> list[str]:
        """Return the ids of what the processes can bring to its end now."""
        return [
            *(payment.payment_id for payment in self.every(Payment) if payment.status == "pending"),
            *(paid.refund_id for due in self.every(Obligation) for paid in due.payments.values() if paid.refund_id),
            *(link.payout_link_id for link in self.every(PayoutLink) if _is_moving(link)),
            *(out.withdrawal_id for out in self.every(Withdrawal) if out.status == WITHDRAWAL_PAYING),
        ]

    def waiting(self) -> list[str]:
        """Return the ids of what waits for its day: deposits and debits."""
        return [due.attempt.attempt_id for due in self.every(Obligation) if due.attempt is not None]


def _is_moving(link: PayoutLink) -> bool:
    unchecked = link.status == DETAILS_SUBMITTED and link.details is not None and not link.details.holder_check
    return unchecked or link.status in (FUNDING, FUNDED, PAYING, REFUNDING)
