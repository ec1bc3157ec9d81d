"""What has been paid of which charge: payments cover the oldest due first, then the order of charging (SPEC R-143).

Nothing of it is stored: what is covered follows from the charges of a tab and the sum that counts as paid, so money
that is taken back uncovers by itself what it covered last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from aggregates.collecting.buildings.parts import BASIS_POINTS, LATE_FEE, Charge, Policy, Reduction


class Covered(NamedTuple):
    """A charge and what of it is paid."""

    charge: Charge
    paid_minor: int

    @property
    def open_minor(self) -> int:
        """What of it is not paid."""
        return self.charge.amount_minor - self.paid_minor


def pour(charges: Iterable[Charge], paid_minor: int) -> list[Covered]:
    """Return charges, oldest due first, with what of each is covered by a sum of payments. Source: SPEC R-143."""
    covered = []
    for charge in sorted(charges, key=lambda charge: (charge.due_on, charge.number)):
        part = min(charge.amount_minor, paid_minor)
        paid_minor -= part
        covered.append(Covered(charge, part))
    return covered


def overdue(covered: Iterable[Covered], today: date) -> int:
    """Return what was due before a KST day and is not paid (SPEC R-142)."""
    return sum(each.open_minor for each in covered if each.charge.due_on < today)


def oldest_open(covered: Iterable[Covered]) -> date | None:
    """Return since when something is due that is not paid; None = everything is."""
    return next((each.charge.due_on for each in covered if each.open_minor), None)


def late_fee(policy: Policy, unpaid_minor: int) -> int:
    """Return the fee on what of a month is unpaid; a part of a minor unit is let go."""
    if policy.late_fee == "percent":
        return unpaid_minor * policy.late_fee_bps // BASIS_POINTS
    return policy.late_fee_minor if policy.late_fee == "fixed" else 0


def unpaid_of(covered: Iterable[Covered], month: str) -> int:
    """Return what of a month's charges is unpaid, fees apart: no fee is charged on a fee."""
    return sum(each.open_minor for each in covered if each.charge.month == month and each.charge.kind != LATE_FEE)


def take_off(charges: Sequence[Charge], *, code: str, of_month: str, amount_minor: int) -> list[Reduction]:
    """Return what an adjustment takes off the lines of a cost of a month, the newest first.

    Args:
        amount_minor: > 0, at most what the lines amount to.
    """
    reductions = []
    for charge in sorted(charges, key=lambda charge: -charge.number):
        if charge.code == code and charge.of_month == of_month and charge.kind != LATE_FEE:
            part = min(charge.amount_minor, amount_minor)
            if part:
                reductions.append(Reduction(charge.number, part))
                amount_minor -= part
    assert not amount_minor, "an adjustment takes off no more than was charged"
    return reductions
