"""What a charge must be at least, what a refund costs, what cancelling a charge costs: one tariff a currency.

Pure arithmetic on integers; knows neither accounts nor lots nor dates. The figures of SPEC C2 and 5.4 are rules for
won; a currency without a tariff of its own has no minimum and no fee.
"""

from __future__ import annotations

from dataclasses import dataclass

from aggregates.money import payout_after_tenth

FEE_FREE_DAYS = 7
"""Charges this recent bear no refund fee and are cancelled without one (SPEC 5.2, 5.4)."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """The money rules of one currency, in its minor units.

    Attributes:
        refund_rule, cancel_rule: id and version of the fee rules, stored with every fee they made.
        charge_minimum_minor: smallest charge, inclusive (SPEC C2).
        refund_above_minor: a refund request, or a late cancellation, must exceed this (SPEC 5.4, R-073).
        flat_fee_minor: fee up to and including `flat_up_to_minor`; a tenth above it. 0 = no fees at all.
        flat_up_to_minor: the last amount of the flat tier (SPEC R-069).
    """

    refund_rule: str
    cancel_rule: str
    charge_minimum_minor: int
    refund_above_minor: int
    flat_fee_minor: int
    flat_up_to_minor: int

    @property
    def bears_fees(self) -> bool:
        """Whether anything costs a fee in this currency."""
        return self.flat_fee_minor > 0

    def refund_fee_minor(self, amount_minor: int, chargeable_minor: int) -> int:
        """Return the fee of a refund request.

        The requested amount decides the tier; only the part that is not fee-free bears a fee, and never more than
        itself. Above the flat tier the payout of that part is rounded half up and the fee is the remainder.

        Args:
            amount_minor: requested amount, 0 < amount.
            chargeable_minor: part of it from lots older than the fee-free days, 0..amount.

        Source: SPEC 5.4, R-069, R-071, R-072.
        """
        if not self.bears_fees:
            return 0
        if amount_minor <= self.flat_up_to_minor:
            return min(self.flat_fee_minor, chargeable_minor)
        return chargeable_minor - payout_after_tenth(chargeable_minor)

    def displayed_estimate_minor(self, amount_minor: int) -> int:
        """Return the payout that the request form shows: the formula without a look at the lots (SPEC 5.4, R-074)."""
        return amount_minor - self.refund_fee_minor(amount_minor, amount_minor)

    def cancel_fee_minor(self, amount_minor: int) -> int:
        """Return the fee of cancelling a charge after its fee-free days: the schedule of refunds (SPEC R-065)."""
        return self.refund_fee_minor(amount_minor, amount_minor)


WON = Tariff(
    refund_rule="refund-fee/1",
    cancel_rule="charge-cancel/1",
    charge_minimum_minor=1_000,
    refund_above_minor=1_000,
    flat_fee_minor=1_000,
    flat_up_to_minor=10_000,
)

FREE = Tariff(
    refund_rule="no-fee/1",
    cancel_rule="no-fee/1",
    charge_minimum_minor=1,
    refund_above_minor=0,
    flat_fee_minor=0,
    flat_up_to_minor=0,
)

TARIFFS: dict[str, Tariff] = {"KRW": WON}
"""Currency -> tariff; every other currency is free of fees."""


def tariff(currency: str) -> Tariff:
    """Return the money rules of a currency (ISO 4217)."""
    return TARIFFS.get(currency, FREE)
