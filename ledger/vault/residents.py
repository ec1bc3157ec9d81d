"""Who owns units and lives in them, and what buildings are called and where they stand (SPEC 11.3).

Facts hold tokens. Somebody is kept for five years after they left; a building's name as long as it is managed here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from ledger.recall import KeyReused
from ledger.vault.door import RETAINED_UNTIL_ERASED, Door, Reading
from ledger.vault.people import years_after
from ledger.vault.person import MASK, mask

BASIS = "Contract of the manager with owners and residents; Electronic Financial Transactions Act art. 22"
YEARS = 5
RESIDENT_PREFIX, BUILDING_PREFIX = "rsd", "bdn"


class Resident(NamedTuple):
    """Somebody who owns a unit or lives there; "" = not told.

    Attributes:
        name, email: as written. phone: digits alone.
    """

    name: str
    phone: str
    email: str


class BuildingName(NamedTuple):
    """What a building is called, and where it stands; "" = not told."""

    name: str
    address: str


FORGOTTEN = Resident(MASK, MASK, MASK)
"""What is shown of somebody who has been erased."""

NAMELESS = BuildingName(MASK, MASK)


class Residents:
    """People and names of buildings in the vault.

    Args:
        door: to the vault.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def put(self, principal: str, key: str, resident: Resident) -> tuple[str, bool]:
        """Keep somebody; return the token, and whether it was not there before.

        Args:
            principal: scope of the idempotency key. key: the request's.

        Raises:
            KeyReused: the key came with somebody else before. SealBroken. VaultUnavailable.
        """
        return await self._put(RESIDENT_PREFIX, principal, key, resident._asdict())

    async def put_building(self, principal: str, key: str, name: BuildingName) -> tuple[str, bool]:
        """Keep what a building is called. Returns and raises as `put`."""
        return await self._put(BUILDING_PREFIX, principal, key, name._asdict())

    async def keep_after(self, token: str, last_day: date) -> None:
        """Let somebody who left be forgotten five years after their last day. Raises: VaultUnavailable."""
        async with self._door.transaction() as connection:
            update = self._door.sql("UPDATE {s}.item SET retain_until = %s WHERE token = %s")
            await connection.execute(update, (years_after(last_day, YEARS), token))

    async def get(self, tokens: Iterable[str], reading: Reading | None) -> dict[str, Resident]:
        """Return people by token; who was erased is `FORGOTTEN`.

        Args:
            reading: on whose record the read goes; None = a name's first letter and a number's last digits alone.

        Raises:
            SealBroken, VaultUnavailable.
        """
        shown = dict.fromkeys(tokens, FORGOTTEN)
        found = await self._open(shown, reading)
        for token, fields in found.items():
            resident = Resident(**fields)
            shown[token] = resident if reading is not None else masked(resident)
        return shown

    async def names(self, tokens: Iterable[str], reading: Reading | None) -> dict[str, BuildingName]:
        """Return names of buildings by token.

        Args:
            reading: on whose record the read goes; None = masked.

        Raises:
            SealBroken, VaultUnavailable.
        """
        shown = dict.fromkeys(tokens, NAMELESS)
        if reading is not None:
            for token, fields in (await self._open(shown, reading)).items():
                shown[token] = BuildingName(**fields)
        return shown

    async def _put(self, prefix: str, principal: str, key: str, fields: dict[str, str]) -> tuple[str, bool]:
        token = self._door.kek.token(prefix, principal, key)
        values = {name: value.encode() for name, value in fields.items()}
        async with self._door.transaction() as connection:
            sealed = self._door.sealed(token, values)
            new = await self._door.keep(connection, [sealed], legal_basis=BASIS, retain_until=RETAINED_UNTIL_ERASED)
            if not new and (await self._door.open_fields(connection, [token])).get(token) != values:
                raise KeyReused("Idempotency-Key was used for another request; a new request needs a new key")
        return token, bool(new)

    async def _open(self, tokens: Iterable[str], reading: Reading | None) -> dict[str, dict[str, str]]:
        asked = sorted(set(tokens))
        if not asked:
            return {}
        async with self._door.connected() as connection:
            if reading is not None:
                await self._door.record(connection, reading, asked)
            found = await self._door.open_fields(connection, asked)
        return {token: {name: value.decode() for name, value in fields.items()} for token, fields in found.items()}


def masked(resident: Resident) -> Resident:
    """Return somebody with the first letter of the name and the last digits of the number, and nothing else."""
    email = MASK if resident.email else ""
    return Resident(resident.name and f"{resident.name[0]}**", resident.phone and mask(resident.phone), email)
