"""A snapshot of an account: its state at a version, so that loading it costs the same at any age.

Satisfies the eventsourcing library's snapshot protocol (`take`, `state`, `mutate`). A snapshot is a cache, not a fact:
it can be deleted at any time, and folding from the first fact gives the same account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self
from uuid import UUID

from aggregates.account.account import SHAPE, Account


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSnapshot:
    """An account at a version.

    Attributes:
        originator_id: id of the account's stream.
        originator_version: version of the last fact in it.
        state: as `Account.dump` gives it.
    """

    TOPIC: ClassVar[str] = "account.snapshot"

    originator_id: UUID
    originator_version: int
    state: dict[str, Any]

    @classmethod
    def take(cls, aggregate: Account) -> Self:
        """Return a snapshot of an account that has nothing pending."""
        return cls(originator_id=aggregate.id, originator_version=aggregate.version, state=aggregate.dump())

    @staticmethod
    def is_current(state: dict[str, Any]) -> bool:
        """Say whether a state was written by this program's `Account.dump`; an older one is of no use any more."""
        return state.get("shape") == SHAPE

    def mutate(self, aggregate: None) -> Account:
        """Return the account as it was."""
        return Account.restore(self.originator_id, self.originator_version, self.state)
