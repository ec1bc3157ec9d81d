"""The coupon issuer: issues coupons by stock-keeping unit, voids them, and tells what changed in its catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

CouponState = Literal["issued", "used", "expired", "voided"]

QUANTITY_MAX = 5_000
"""Most coupons of one call; the ledger asks for at most 500 recipients' at a time."""


class Coupon(NamedTuple):
    """A coupon that was issued.

    Attributes:
        ref: the provider's own name of it: not secret, it may stand in facts.
        number: what its holder spends: bearer value, for the vault alone.
        expires_on: last day on which it can be used.
    """

    ref: str
    number: str
    expires_on: date


class Failure(NamedTuple):
    """A coupon that is definitely not issued. code: why, e.g. issue_failed, discontinued."""

    code: str


class IssueResult(NamedTuple):
    """What became of one call.

    Attributes:
        status: done: every coupon has its definite answer. unknown: ask `status` later. absent: the provider has never
            heard of the key (of `status` alone), so that `issue` may be called, with the same key.
        coupons: one for each that was asked for, in a fixed order; empty unless done.
    """

    status: Literal["done", "unknown", "absent"]
    coupons: tuple[Coupon | Failure, ...] = ()


class VoidResult(NamedTuple):
    """What became of a void.

    Attributes:
        status: voided; refused: it stays as it is, for `code`; unknown: ask `void_status`; absent: never heard of.
        code: of a refusal: coupon_used, coupon_expired, coupon_unknown; else None.
    """

    status: Literal["voided", "refused", "unknown", "absent"]
    code: str | None = None


class CatalogChange(NamedTuple):
    """One change of the provider's catalogue.

    Attributes:
        number: grows by one with each change.
        kind: price: the prices below are the new ones. discontinued: nothing more is issued. relisted: it is again.
        list_minor, sale_minor: of one coupon, in won; None unless kind is price.
        validity_days: the option whose price changed; None = all options, or kind is not price.
    """

    number: int
    sku: str
    kind: Literal["price", "discontinued", "relisted"]
    at: datetime
    list_minor: int | None = None
    sale_minor: int | None = None
    validity_days: int | None = None


class CouponIssuer(Protocol):
    """Issues coupons. Source: SPEC 13, R-031, R-034."""

    async def issue(self, sku: str, qty: int, key: str, validity_days: int = 30) -> IssueResult:
        """Issue `qty` coupons, each for itself: some may fail. Idempotent by `key`.

        Args:
            qty: 1 to `QUANTITY_MAX`.
            key: e.g. "ord_...:issue:7".

        Raises:
            PortRefused: the key stands for another request.
            PortUnavailable: no answer.
        """

    async def status(self, key: str) -> IssueResult:
        """Return what became of `issue` under this key. Raises: PortUnavailable."""

    async def void(self, coupon_ref: str, key: str) -> VoidResult:
        """Void an unused coupon. Idempotent by `key`.

        Raises:
            PortRefused: the key stands for another coupon.
            PortUnavailable: no answer.
        """

    async def void_status(self, key: str) -> VoidResult:
        """Return what became of `void` under this key. Raises: PortUnavailable."""

    async def states(self, refs: Sequence[str]) -> dict[str, CouponState]:
        """Return the state of each coupon that the provider knows. Raises: PortUnavailable."""

    async def catalog_changes(self, after: int) -> tuple[CatalogChange, ...]:
        """Return at most 500 changes of the catalogue with numbers above `after`, in order. Raises: PortUnavailable."""
