"""Finding what was born on an account by its public id, without asking the store for what cannot be there."""

from __future__ import annotations

from typing import TypeVar

from aggregates import ids
from aggregates.account import Account
from aggregates.errors import NotFound
from aggregates.fact import Fact
from ledger.command import Streams

F = TypeVar("F", bound=Fact)


def require_child(account: Account, public_id: str, prefix: str, missing: type[NotFound]) -> None:
    """Refuse an id that nothing on this account can have.

    Raises:
        NotFound: `missing`, or the id is not of this kind.
    """
    parsed = ids.parse(public_id, prefix)
    if parsed.account_id != account.account_id or not 1 <= parsed.version <= account.version:
        raise missing(f"the account has no such {prefix}_ id")


def origin_of(
    streams: Streams, account: Account, public_id: str, prefix: str, kind: type[F], missing: type[NotFound]
) -> F:
    """Return the fact on this account that gave birth to a child id.

    Raises:
        NotFound: `missing`, or the id is not of this kind.
    """
    require_child(account, public_id, prefix, missing)
    origin = streams.origin(public_id, prefix)
    if not isinstance(origin, kind):
        raise missing(f"the account has no such {prefix}_ id")
    return origin
