"""What stands in a bank's lines about people: who paid, and what they wrote. Facts hold the token of it alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aggregates.dates import business_date
from ledger.vault.door import Door, Reading, aside
from ledger.vault.people import years_after
from ledger.vault.person import MASK

BASIS = "Electronic Financial Transactions Act art. 22: records of transactions, 5 years"
YEARS = 5


class Notes:
    """Notes by token.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def token(self, source: str, mark: str) -> str:
        """Return the token of a line's notes: the same for the same line, and to be guessed by nobody."""
        return self._door.kek.token("nte", source, mark)

    async def put(self, notes: Mapping[str, Sequence[tuple[str, str]]]) -> set[str]:
        """Keep notes by token; return the tokens of those that were not there.

        Args:
            notes: token -> (column, text) of each note.

        Raises:
            VaultUnavailable.

        Source: SPEC R-003.
        """
        if not notes:
            return set()
        door = self._door
        sealed = await aside(
            len(notes),
            lambda: [
                door.sealed(token, {name: text.encode() for name, text in fields}) for token, fields in notes.items()
            ],
        )
        until = years_after(business_date(door.clock.now()), YEARS)
        async with door.transaction() as connection:
            return await door.keep(connection, sealed, legal_basis=BASIS, retain_until=until)

    async def forget(self, tokens: set[str]) -> None:
        """Forget notes of lines that were not taken. Raises: VaultUnavailable."""
        if tokens:
            async with self._door.transaction() as connection:
                await self._door.forget(connection, sorted(tokens))

    async def get(self, token: str, reading: Reading | None) -> dict[str, str]:
        """Return notes in clear, on record; masked without a `reading`; {} when they are erased. Raises: as `Door`."""
        async with self._door.connected() as connection:
            if reading is not None:
                await self._door.record(connection, reading, [token])
            found = (await self._door.open_fields(connection, [token])).get(token, {})
        return {name: MASK if reading is None else value.decode() for name, value in found.items()}
