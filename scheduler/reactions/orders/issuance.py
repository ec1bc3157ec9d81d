"""Issuance: batches asked of the issuer, its numbers put into the vault, its word recorded (SPEC R-031, R-045).

The numbers are in the vault before the fact that says they exist. A result that is not known stays open and is asked
for again; nothing is taken for failed that the issuer has not said to have failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aggregates.order.parts import CHOICE, CouponState
from ledger.commands.order_work import RecordIssued, RequestIssue
from ledger.ports.coupons import Coupon, Failure, IssueResult
from ledger.vault import Reading, SubjectNotFound
from projections import order_open
from scheduler.reactions.orders.case import NAME, Case, log, mark, sliced

ASKED_AT_ONCE = 8
"""Batches requested in one look; each is up to 500 coupons."""

READING = Reading(f"reaction:{NAME}", "keep coupon numbers")


class Asked(NamedTuple):
    """A batch that is on record. `fresh`: recorded in this look, so that the issuer cannot have heard of it."""

    batch: int
    line: int
    unit: int
    recipients: tuple[int, ...]
    fresh: bool


def issue_key(order_id: str, batch: int) -> str:
    """Return the name of a batch at the issuer; a coupon's own name is this, "/" and its place in the batch."""
    return f"{order_id}:issue:{batch}"


async def request(case: Case) -> list[Asked]:
    """Record the next batches that are to be asked of the issuer; return those that nobody else has recorded.

    Raises:
        LedgerError: as of `Engine.submit`.
    """
    order = case.order
    wanted = _wanted(case)[:ASKED_AT_ONCE]
    asked = [
        Asked(batch, line, unit, recipients, fresh=True)
        for batch, (line, unit, recipients) in enumerate(wanted, order.issue_batches + 1)
    ]
    commands = [
        (
            f"{issue_key(case.order_id, each.batch)}:{mark([each.line, each.unit], each.recipients)}",
            RequestIssue(case.order_id, each.batch, each.line, each.recipients, each.unit),
        )
        for each in asked
    ]
    new = await case.do_all(commands) if commands else []
    return [each for each, is_new in zip(asked, new, strict=True) if is_new]


async def found(case: Case) -> list[Asked]:
    """Return the batches that are on record without a result, as far as the view knows whom they name."""
    asked = []
    for batch, opened in case.order.open_issues.items():
        recipients = await order_open.requested(case.views, case.order_id, "issue", batch)
        if recipients is not None:
            asked.append(Asked(batch, opened.line, opened.unit, recipients, fresh=False))
    return asked


async def settle(case: Case, asked: Asked) -> None:
    """Ask the issuer for a batch, or what became of it; keep the numbers, then record its word.

    Raises:
        PortUnavailable: no answer: the next look asks again. VaultUnavailable. LedgerError: as of `Engine.submit`.
    """
    result = await _answer(case, asked)
    if result.status != "done":
        return
    opened = case.order.open_issues.get(asked.batch)
    waiting = set(asked.recipients if asked.fresh or opened is None else opened.recipients)
    issued: list[tuple[int, Coupon]] = []
    failed: dict[str, list[int]] = {}
    for recipient, coupon in zip(asked.recipients, result.coupons, strict=True):
        if recipient not in waiting:
            continue
        if isinstance(coupon, Failure):
            failed.setdefault(coupon.code, []).append(recipient)
        else:
            issued.append((recipient, coupon))
    await _keep(case, asked, issued)
    await _record(case, asked, tuple(recipient for recipient, _ in issued), failed)


def _wanted(case: Case) -> list[tuple[int, int, tuple[int, ...]]]:
    """Return (line, unit, recipients) of batches that can be asked for now."""
    order = case.order
    wanted: list[tuple[int, int, tuple[int, ...]]] = []
    if order.kind == CHOICE:
        by_line: dict[int, list[int]] = {}
        for recipient in _places(order.coupons, CouponState.CHOSEN):
            by_line.setdefault(order.chosen[recipient], []).append(recipient)
        for line, recipients in by_line.items():
            wanted += [(line, 0, part) for part in sliced(recipients)]
        return wanted
    for line, item in enumerate(order.lines):
        for unit in range(item.quantity):
            waiting = order.coupons[order.place_of(line, unit) :: order.coupons_each]
            wanted += [(line, unit, part) for part in sliced(_places(waiting, CouponState.OPEN))]
            if len(wanted) >= ASKED_AT_ONCE:
                return wanted
    return wanted


def _places(states: bytearray, state: CouponState) -> list[int]:
    if states.find(state) < 0:
        return []
    return [place for place, found_state in enumerate(states) if found_state == state]


async def _answer(case: Case, asked: Asked) -> IssueResult:
    item = case.order.lines[asked.line]
    key = issue_key(case.order_id, asked.batch)
    issuer = case.bench.ports.coupons
    if not asked.fresh:
        known = await issuer.status(key)
        if known.status != "absent":
            return known
    return await issuer.issue(item.sku, len(asked.recipients), key, item.validity_days)


async def _keep(case: Case, asked: Asked, issued: Sequence[tuple[int, Coupon]]) -> None:
    """Put the numbers into the vault; there is no place any more for those of people who were erased."""
    if not issued:
        return
    place = case.order.place_of(asked.line, asked.unit)
    tokens = await case.tokens(recipient for recipient, _ in issued)
    numbers = [(tokens[recipient], place, coupon.number) for recipient, coupon in issued]
    vault = case.bench.vault
    try:
        await vault.coupons.put(numbers)
    except SubjectNotFound:
        there = await vault.people.get([token for token, _, _ in numbers], READING)
        log.info("people were erased before their coupons came", order=case.order_id, people=len(numbers) - len(there))
        await vault.coupons.put([each for each in numbers if each[0] in there])


async def _record(case: Case, asked: Asked, issued: tuple[int, ...], failed: dict[str, list[int]]) -> None:
    """Record the issuer's word; more than one reason of failure is more than one fact."""
    parts: list[tuple[tuple[int, ...], tuple[int, ...], str | None]] = [
        ((), tuple(recipients), code) for code, recipients in sorted(failed.items())
    ]
    if not parts:
        parts = [((), (), None)]
    parts[0] = (issued, parts[0][1], parts[0][2])
    key = issue_key(case.order_id, asked.batch)
    await case.do_all(
        [
            (
                f"{key}:settled:{mark(ok, lost)}",
                RecordIssued(case.order_id, asked.batch, issued=ok, failed=lost, code=code),
            )
            for ok, lost, code in parts
            if ok or lost
        ]
    )
