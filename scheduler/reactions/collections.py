"""Money of obligations that goes back: the gateway is asked, and its definite answer recorded (SPEC R-102, R-124).

What came in for something that was paid or closed already goes back by itself, unless the source keeps it as credit.
The gateway is asked what it knows under the refund's key before it is told, so nothing goes back twice.
"""

from __future__ import annotations

from typing import Any

import structlog

from ledger.command import Command
from ledger.commands.collecting.obligations import FailCollectionRefund, FinishCollectionRefund, RefundCollection
from ledger.commands.collecting.sources import RULES
from ledger.ports.errors import PortUnavailable
from projections import obligations
from scheduler.reactions.bench import Bench, Reaction

log = structlog.get_logger("reactions")

NAME = "collections"
PAGE = 50
NOT_DUE = "not_due"
"""Reason of a refund of what nothing was due for."""


async def react(bench: Bench) -> int:
    """Start refunds of what was not due, and bring those under way to their end, a page of each."""
    keeping = [name for name, rules in RULES.items() if rules.KEEPS_CREDIT]
    async with bench.see() as connection:
        not_due = await obligations.not_due(connection, keeping=keeping, limit=PAGE)
        under_way = await obligations.open_refunds(connection, limit=PAGE)
    done = 0
    for row in not_due:
        command = RefundCollection(row["obligation_id"], row["attempt_id"], row["over_minor"], NOT_DUE)
        done += await _do(bench, f"{row['obligation_id']}:{row['attempt_id']}:not_due", command)
    for row in under_way:
        try:
            done += await _refund(bench, row)
        except PortUnavailable:
            log.info("the gateway did not answer; it is asked again", refund=row["refund_id"])
    return done


REACTION = Reaction(NAME, every_s=0.5, step=react)


async def _refund(bench: Bench, row: dict[str, Any]) -> bool:
    """Have the gateway give money back. Raises: PortUnavailable."""
    gateway, refund_id = bench.ports.gateway, row["refund_id"]
    answer = await gateway.cancel_status(refund_id)
    if answer.status == "absent":
        answer = await gateway.cancel(row["attempt_id"], row["refund_minor"], refund_id)
    named = (row["obligation_id"], row["attempt_id"], refund_id)
    if answer.status == "done":
        return await _do(bench, f"{refund_id}:done", FinishCollectionRefund(*named))
    return await _do(bench, f"{refund_id}:refused", FailCollectionRefund(*named, answer.code or "refused"))


async def _do(bench: Bench, key: str, command: Command) -> bool:
    outcome = await bench.do(NAME, key, command)
    if outcome.status >= 400 and not outcome.replayed:
        log.error("a refund was refused", key=key, status=outcome.status, answer=outcome.body.decode())
    return not outcome.replayed and outcome.status < 400
