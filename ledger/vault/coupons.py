"""Coupon numbers: whoever knows one can spend it, so each lies sealed under its recipient's own key.

Facts know a coupon by its place in the order. In clear a number is for the verified recipient alone (SPEC R-126).
"""

from __future__ import annotations

from collections.abc import Sequence

from ledger.recall import KeyReused
from ledger.vault.door import RETAINED_UNTIL_ERASED, Door, Reading, SubjectNotFound, aside
from ledger.vault.people import BASIS
from ledger.vault.person import mask

FIELDS = "coupon:%"


class Coupons:
    """The coupon numbers in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def put(self, coupons: Sequence[tuple[str, int, str]]) -> None:
        """Keep coupon numbers, all or none. The same again keeps nothing.

        Args:
            coupons: (token of the recipient, which of its coupons, number).

        Raises:
            SubjectNotFound: a recipient is not there, or has been erased.
            KeyReused: another number lies in that place. SealBroken. VaultUnavailable.
        """
        door = self._door
        tokens = sorted({token for token, _, _ in coupons})
        async with door.transaction() as connection:
            keys = await door.keys_of(connection, tokens)
            if len(keys) < len(tokens):
                raise SubjectNotFound("Nothing is kept behind one of these tokens")

            def seal_all() -> list[tuple[str, str, bytes, bytes]]:
                return [
                    (token, *door.item(keys[token], token, f"coupon:{coupon}", number.encode()))
                    for token, coupon, number in coupons
                ]

            items = await aside(len(coupons), seal_all)
            new = await door.add_items(connection, items, legal_basis=BASIS, retain_until=RETAINED_UNTIL_ERASED)
            if new < len(coupons):
                kept = await door.open_fields(connection, tokens, FIELDS)
                if any(kept[token][f"coupon:{coupon}"] != number.encode() for token, coupon, number in coupons):
                    raise KeyReused("another coupon number is kept in this place already")

    async def get(self, tokens: Sequence[str], reading: Reading) -> dict[str, dict[int, str]]:
        """Return coupon numbers in clear, by token and place. The read is on record before this returns.

        Raises:
            SealBroken: something there was altered or moved. VaultUnavailable.
        """
        async with self._door.connected() as connection:
            await self._door.record(connection, reading, tokens)
            found = await self._door.open_fields(connection, tokens, FIELDS)
        return {
            token: {int(field.partition(":")[2]): value.decode() for field, value in fields.items()}
            for token, fields in found.items()
        }

    async def masked(self, tokens: Sequence[str]) -> dict[str, dict[int, str]]:
        """Return coupon numbers with all but their last four characters hidden. Raises as `get`."""
        async with self._door.connected() as connection:
            found = await self._door.open_fields(connection, tokens, FIELDS)
        return {
            token: {int(field.partition(":")[2]): mask(value.decode()) for field, value in fields.items()}
            for token, fields in found.items()
        }
