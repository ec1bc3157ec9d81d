"""What an obligation is made of, and every way in which it says no (SPEC R-101, R-102, R-116, R-124)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aggregates.errors import Conflict, NotFound, Rejected

PREFIX = "obl"

Source = Literal["request", "link", "bill", "debit", "unit", "payout"]
"""What may ask for an obligation."""

AMOUNT_MAX = 1_000_000_000_000
"""Most that one obligation may ask for, and one attempt may pay, in minor units."""


class ObligationNotFound(NotFound):
    """There is no such obligation."""

    code = "obligation_not_found"


class AttemptInFlight(Conflict):
    """Somebody is paying this already; it has no result yet (SPEC R-116)."""

    code = "payment_in_flight"


class ObligationPaid(Conflict):
    """Nothing is left to pay."""

    code = "already_paid"


class ObligationClosed(Conflict):
    """This is not asked for any more."""

    code = "not_payable"


class AmountNotAllowed(Rejected):
    """The amount is not what may be paid here; `minimum` and `maximum` say what is."""

    code = "payment_amount_not_allowed"


class AttemptUnknown(Conflict):
    """The attempt is not under way, or has not settled: it has had another result."""

    code = "attempt_not_pending"


class RefundExceedsPayment(Rejected):
    """More would go back than was paid and has not gone back."""

    code = "refund_exceeds_payment"


class RefundOpen(Conflict):
    """A refund of this payment has no result yet."""

    code = "refund_in_progress"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A payment that is under way.

    Attributes:
        attempt_id: the payment's or the debit's public id. via: what it was started through, e.g. "link".
        amount_minor: what it will bring.
    """

    attempt_id: str
    via: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that has settled.

    Attributes:
        method: as of `account.collected`.
        applied_minor: what of it counts for the obligation now. over_minor: what of it is the payer's credit now.
        refund_id: its refund that has no result yet; "" = none.
        refund_applied_minor, refund_over_minor: what that refund gives back of each.
    """

    method: str
    applied_minor: int
    over_minor: int
    refund_id: str = ""
    refund_applied_minor: int = 0
    refund_over_minor: int = 0

    @property
    def left_minor(self) -> int:
        """What has neither gone back nor is going back."""
        return self.applied_minor + self.over_minor - self.refund_applied_minor - self.refund_over_minor
