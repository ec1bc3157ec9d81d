"""Lots: the dated portions a prepaid balance is made of, in the order in which spending takes them.

Each charge makes one lot; a spend, a refund request or a transfer takes parts of lots and money that comes back goes to
the parts it was taken from. What the lots cannot cover is overdrawn: sum of lots - overdrawn = balance, always.
Choosing parts (`oldest_first`, ...) changes nothing; only the folds (`take`, `put_back`) do.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter
from typing import Any

from aggregates import ids
from aggregates.plain import direct

PARTS_MAX = 240
"""Most lots one decision may take from: even a fact that names its parts twice, 129 bytes each, stays below 64 KiB."""


@direct
@dataclass(frozen=True, slots=True)
class LotPart:
    """An amount taken from, or returned to, one lot.

    Attributes:
        charge_id: public id of what made the lot (a charge, a received transfer, an import row, ...).
        charged_on: KST calendar date of that charge; decides order, fee-free days and cancellation window.
        method: how the money had come in: card, transfer, virtual_account, account_transfer, adjustment, imported or
            returned.
        amount_minor: > 0.
    """

    charge_id: str
    charged_on: date
    method: str
    amount_minor: int


class Lot:
    """What is left of one charge.

    Attributes:
        key: (charged_on, version of the fact that made it, method): identity and order.
        remaining_minor: > 0; a lot with nothing left leaves the account.
        frozen: True while a cancellation of its charge waits for its definite result (SPEC R-068).
    """

    __slots__ = ("charge_id", "frozen", "key", "remaining_minor")

    def __init__(self, charge_id: str, charged_on: date, method: str, remaining_minor: int) -> None:
        self.charge_id = charge_id
        self.key = (charged_on, lot_version(charge_id), method)
        self.remaining_minor = remaining_minor
        self.frozen = False

    @property
    def charged_on(self) -> date:
        """KST calendar date of the charge."""
        return self.key[0]

    @property
    def method(self) -> str:
        """How the money had come in."""
        return self.key[2]

    def part(self, amount_minor: int) -> LotPart:
        """Return an amount of this lot as a part."""
        charged_on, _, method = self.key
        return LotPart(self.charge_id, charged_on, method, amount_minor)


_by_key = attrgetter("key")


def lot_version(charge_id: str) -> int:
    """Return the version of the fact that made the lot `charge_id`."""
    return ids.decode(charge_id[22:])


def total(parts: Iterable[LotPart]) -> int:
    """Return the sum of some parts, in minor units."""
    return sum(part.amount_minor for part in parts)


def oldest_first(parts: Iterable[LotPart], amount_minor: int) -> tuple[LotPart, ...]:
    """Return the first parts that make up `amount_minor`, in the order given; less when they sum to less."""
    chosen: list[LotPart] = []
    for part in parts:
        if not amount_minor:
            break
        amount = min(amount_minor, part.amount_minor)
        chosen.append(replace(part, amount_minor=amount))
        amount_minor -= amount
    return tuple(chosen)


def without_first(parts: tuple[LotPart, ...], amount_minor: int) -> tuple[LotPart, ...]:
    """Return `parts` less their first `amount_minor`, in the same order."""
    left: list[LotPart] = []
    for part in parts:
        gone = min(amount_minor, part.amount_minor)
        amount_minor -= gone
        if gone < part.amount_minor:
            left.append(replace(part, amount_minor=part.amount_minor - gone))
    return tuple(left)


def newest_first(parts: tuple[LotPart, ...], amount_minor: int) -> tuple[LotPart, ...]:
    """Return the parts that `amount_minor` unwinds: last taken, first returned (SPEC R-076)."""
    return oldest_first(reversed(parts), amount_minor)


def without(parts: tuple[LotPart, ...], returned: tuple[LotPart, ...]) -> tuple[LotPart, ...]:
    """Return `parts` less what `newest_first` unwound from them, in the same order."""
    left = list(parts)
    for gone in returned:
        last = left.pop()
        if last.amount_minor > gone.amount_minor:
            left.append(replace(last, amount_minor=last.amount_minor - gone.amount_minor))
    return tuple(left)


class Lots:
    """The open lots of an account, oldest first.

    Attributes:
        total_minor: sum of what remains in all of them.
        frozen_minor: the part of it that is frozen.
    """

    __slots__ = ("_lots", "frozen_minor", "total_minor")

    def __init__(self) -> None:
        self._lots: list[Lot] = []
        self.total_minor = 0
        self.frozen_minor = 0

    def __iter__(self) -> Iterator[Lot]:
        return iter(self._lots)

    def __len__(self) -> int:
        return len(self._lots)

    def find(self, charge_id: str, charged_on: date, method: str) -> Lot | None:
        """Return the open lot of that identity, or None when nothing of it is left."""
        key = (charged_on, lot_version(charge_id), method)
        index = bisect_left(self._lots, key, key=_by_key)
        return self._lots[index] if index < len(self._lots) and self._lots[index].key == key else None

    def get(self, charge_id: str, charged_on: date, method: str) -> Lot:
        """Return the open lot of that identity, which the caller knows to be there."""
        lot = self.find(charge_id, charged_on, method)
        assert lot is not None, f"lot {charge_id} is not open"
        return lot

    def oldest_first(self, amount_minor: int) -> tuple[LotPart, ...]:
        """Return the parts that a spend of `amount_minor` takes, first in first out (SPEC R-070), skipping frozen lots.

        The parts may sum to less than asked for: the rest would be overdrawn.
        """
        first = self._lots[0] if self._lots else None
        if first is not None and first.remaining_minor >= amount_minor > 0 and not first.frozen:
            return (first.part(amount_minor),)
        parts: list[LotPart] = []
        for lot in self._lots:
            if not amount_minor:
                break
            if not lot.frozen:
                amount = min(amount_minor, lot.remaining_minor)
                parts.append(lot.part(amount))
                amount_minor -= amount
        return tuple(parts)

    def take(self, parts: Iterable[LotPart]) -> None:
        """Fold: take parts out of their lots; a lot with nothing left goes."""
        for part in parts:
            lots = self._lots
            lot, index = lots[0], 0
            charged_on, _, method = lot.key
            # Most parts are of the oldest lot; their key need not be made up to know it.
            if lot.charge_id != part.charge_id or charged_on != part.charged_on or method != part.method:
                key = (part.charged_on, lot_version(part.charge_id), part.method)
                index = bisect_left(lots, key, key=_by_key)
                lot = lots[index]
            lot.remaining_minor -= part.amount_minor
            self.total_minor -= part.amount_minor
            if lot.frozen:
                self.frozen_minor -= part.amount_minor
            if not lot.remaining_minor:
                del lots[index]

    def put_back(self, parts: Iterable[LotPart]) -> None:
        """Fold: put parts into their lots, with their first dates; a lot that had gone comes back."""
        for part in parts:
            key = (part.charged_on, lot_version(part.charge_id), part.method)
            index = bisect_left(self._lots, key, key=_by_key)
            if index < len(self._lots) and self._lots[index].key == key:
                lot = self._lots[index]
                lot.remaining_minor += part.amount_minor
                if lot.frozen:
                    self.frozen_minor += part.amount_minor
            else:
                self._lots.insert(index, Lot(part.charge_id, part.charged_on, part.method, part.amount_minor))
            self.total_minor += part.amount_minor

    def freeze(self, lot: Lot, *, frozen: bool) -> None:
        """Fold: set a lot aside while its cancellation is unresolved, or give it back."""
        if lot.frozen != frozen:
            lot.frozen = frozen
            self.frozen_minor += lot.remaining_minor if frozen else -lot.remaining_minor

    def copy(self) -> Lots:
        """Return an independent copy."""
        twin = Lots()
        for lot in self._lots:
            lot_twin = Lot.__new__(Lot)
            lot_twin.charge_id, lot_twin.key = lot.charge_id, lot.key
            lot_twin.remaining_minor, lot_twin.frozen = lot.remaining_minor, lot.frozen
            twin._lots.append(lot_twin)
        twin.total_minor, twin.frozen_minor = self.total_minor, self.frozen_minor
        return twin

    def dump(self) -> list[list[Any]]:
        """Return the open lots, oldest first, as [charge id, date, method, remaining, frozen] in JSON's own types."""
        return [
            [lot.charge_id, lot.charged_on.isoformat(), lot.method, lot.remaining_minor, lot.frozen] for lot in self
        ]

    @classmethod
    def restore(cls, rows: list[list[Any]]) -> Lots:
        """Return the lots that `dump` described."""
        lots = cls()
        for charge_id, charged_on, method, remaining_minor, frozen in rows:
            lot = Lot(charge_id, date.fromisoformat(charged_on), method, remaining_minor)
            lot.frozen = frozen
            lots._lots.append(lot)
            lots.total_minor += remaining_minor
            lots.frozen_minor += remaining_minor if frozen else 0
        return lots
