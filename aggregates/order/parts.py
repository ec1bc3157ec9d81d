"""Value parts of an order: its lines, its money, its counters, and what its batches still wait for.

Apart from the standard library this imports nothing, so that every noun's file may build on it.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

GENERAL = "general"
CHOICE = "choice"

BATCH_MAX = 500
"""Recipients (or coupons) in one fact: keeps it far below the size of a row, and what a crash repeats small."""


class DispatchState(IntEnum):
    """How far the message to a recipient is (SPEC 3.4); total = success + progress + failure + error."""

    IN_PROGRESS = 0
    SUCCESS = 1
    FAILED = 2
    ERROR = 3


class CouponState(IntEnum):
    """How far a coupon is (SPEC 3.5).

    OPEN: pending (general) or awaiting_choice. CHOSEN: a choice is recorded and not yet asked of the issuer. REQUESTED:
    asked of the issuer. VOID_REQUESTED and VOIDING are issued coupons whose void waits for the operator, then for the
    issuer. USED and EXPIRED are issued coupons of which the issuer said so (SPEC R-035).
    """

    OPEN = 0
    CHOSEN = 1
    REQUESTED = 2
    ISSUED = 3
    ISSUE_FAILED = 4
    VOID_REQUESTED = 5
    VOIDING = 6
    VOIDED = 7
    USED = 8
    EXPIRED = 9


LIVE = frozenset({CouponState.ISSUED, CouponState.VOID_REQUESTED, CouponState.VOIDING})
"""States of a coupon that a recipient can use."""

NO_LINE = 255
"""In place of a chosen line: nothing is chosen."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One item of an order, with its prices as they were when it was ordered (SPEC R-025).

    Attributes:
        product_id: public id of the product.
        sku: the issuer's name for product and validity.
        name, brand: what people call it.
        list_minor: list price of one.
        sale_minor: price of one, 1..list.
        validity_days: 30, 60 or 90.
        quantity: coupons of it for each recipient; 1 on a choice order.
        cash_convertible: counts against the cash-convertible limit.
        duplicate_restricted: refuses repeated recipients, whatever the order allows.
        night_schedule_blocked: cannot be scheduled between 00:00 and 05:59.
    """

    product_id: str
    sku: str
    name: str
    brand: str
    list_minor: int
    sale_minor: int
    validity_days: int
    quantity: int
    cash_convertible: bool
    duplicate_restricted: bool
    night_schedule_blocked: bool


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """Where the amount of an order is: amount = held + issued + returned, always.

    Attributes:
        amount_minor: taken when it was placed.
        held_minor: for coupons that are neither issued nor given up.
        issued_minor: price of coupons issued and not voided, less what came back for expired ones: the confirmed amount
            (SPEC R-033).
        returned_minor: given back.
    """

    amount_minor: int
    held_minor: int
    issued_minor: int
    returned_minor: int


@dataclass(frozen=True, slots=True)
class OrderCounts:
    """How many recipients are in which dispatch state; they add up to all (SPEC 3.4).

    Attributes:
        progress: in progress.
        success: reached by Alimtalk or MMS.
        failure: reached by neither.
        error: no coupon could be issued, so nothing was sent.
    """

    progress: int
    success: int
    failure: int
    error: int


class OpenIssue(NamedTuple):
    """A batch asked of the issuer. `recipients`: those whose result is not known yet."""

    line: int
    unit: int
    recipients: array[int]


class OpenMessages(NamedTuple):
    """A batch of messages. `recipients`: those whose result is not known yet. `requested_at`: when it was recorded."""

    purpose: str
    recipients: array[int]
    requested_at: datetime


class OpenVoid(NamedTuple):
    """A void that is not decided or not settled. `coupons`: those without a result."""

    approved: bool
    coupons: array[int]
