"""Voids: what an operator has approved is asked of the issuer; its definite word is recorded (SPEC R-034)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ledger.commands.order_voids import RecordVoided
from ledger.ports.coupons import VoidResult
from ledger.ports.errors import PortUnavailable
from projections import order_work
from scheduler.reactions.orders.case import Case, log, mark
from scheduler.reactions.orders.issuance import issue_key

ASKED_AT_ONCE = 8
"""Coupons whose void is asked for side by side."""

UNKNOWN = VoidResult("unknown")


def found(case: Case) -> list[int]:
    """Return the numbers of the approved voids that wait for the issuer."""
    return [void for void, opened in case.order.open_voids.items() if opened.approved]


async def settle(case: Case, void: int) -> None:
    """Have the issuer void coupons, and record what it definitely said; the money follows in the same commit.

    Raises:
        LedgerError: as of `Engine.submit`.
    """
    coupons = tuple(case.order.open_voids[void].coupons)
    places = await order_work.issue_places(case.views, case.order_id, list(coupons))
    gate = asyncio.Semaphore(ASKED_AT_ONCE)

    async def one(coupon: int) -> VoidResult:
        async with gate:
            return await _asked(case, void, coupon, places[coupon])

    results = dict(zip(coupons, await asyncio.gather(*map(one, coupons)), strict=True))
    voided = [coupon for coupon, result in results.items() if result.status == "voided"]
    refused: dict[str, list[int]] = {}
    for coupon, result in results.items():
        if result.status == "refused":
            refused.setdefault(result.code or "refused", []).append(coupon)
    await _record(case, void, voided, refused)


async def _asked(case: Case, void: int, coupon: int, place: tuple[int, int]) -> VoidResult:
    """Return what became of one coupon's void, which is asked for unless the issuer has heard of it."""
    batch, index = place
    key = f"{case.order_id}:void:{void}:{coupon}"
    issuer = case.bench.ports.coupons
    try:
        known = await issuer.void_status(key)
        if known.status != "absent":
            return known
        return await issuer.void(f"{issue_key(case.order_id, batch)}/{index}", key)
    except PortUnavailable:
        log.info("the issuer did not answer; it is asked again", order=case.order_id, void=void)
        return UNKNOWN


async def _record(case: Case, void: int, voided: Sequence[int], refused: dict[str, list[int]]) -> None:
    parts: list[tuple[Sequence[int], Sequence[int], str | None]] = [
        ((), coupons, code) for code, coupons in sorted(refused.items())
    ]
    if voided:
        parts.append((voided, (), None))
    await case.do_all(
        [
            (
                f"{case.order_id}:void:{void}:settled:{mark(gone, kept)}",
                RecordVoided(case.order_id, void, voided=tuple(gone), refused=tuple(kept), code=code),
            )
            for gone, kept, code in parts
        ]
    )
