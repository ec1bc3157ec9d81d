"""Choices for the silent: after 7 days the designated item goes out, and whom nothing reached is given up (SPEC R-038).

Whether somebody was silent is decided from the clock when the command comes; a choice that is recorded first wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from aggregates.dates import business_date
from aggregates.order.choices import WINDOW_DAYS
from aggregates.order.parts import CHOICE, CouponState, DispatchState
from aggregates.order.silence import ITEMS_GONE, NOT_DELIVERED
from ledger.command import Command
from ledger.commands.order_work import AutoChoose, GiveUpRecipients
from projections import order_work
from scheduler.reactions.orders.case import Case, mark, sliced

DECIDED_AT_ONCE = 8
"""Batches decided in one look; each is up to 500 recipients."""


async def close_windows(case: Case) -> None:
    """Choose for those whose 7 days are over, and give up those whom no message has reached in theirs.

    Raises:
        LedgerError: as of `Engine.submit`.

    Source: SPEC P8, R-038..R-041.
    """
    silent, unreached = _over(case)
    if not silent and not unreached:
        return
    off_sale = await order_work.off_sale_lines(case.views, case.order_id) if silent else ()
    commands: list[tuple[str, Command]] = [
        (_key(case, "auto", part, off_sale), AutoChoose(case.order_id, part, off_sale)) for part in sliced(silent)
    ]
    commands += [
        (_key(case, NOT_DELIVERED, part), GiveUpRecipients(case.order_id, part, NOT_DELIVERED))
        for part in sliced(unreached)
    ]
    await case.do_all(commands[:DECIDED_AT_ONCE])


async def give_up_without_items(case: Case) -> None:
    """Give the money back for those for whom nothing is left to choose from; to whom nothing was sent, nothing is.

    Those whose message is on its way come later: it is not called back.

    Raises:
        LedgerError: as of `Engine.submit`.

    Source: SPEC O3, R-041.
    """
    order = case.order
    off_sale = await order_work.off_sale_lines(case.views, case.order_id)
    waiting = (who for who in _open(case) if not order.sending[who])
    without = [who for who in waiting if _has_none(case, who, off_sale)]
    commands = [
        (_key(case, ITEMS_GONE, part, off_sale), GiveUpRecipients(order.order_id, part, ITEMS_GONE, off_sale))
        for part in sliced(without)
    ]
    await case.do_all(commands[:DECIDED_AT_ONCE])


def has_unsent(case: Case) -> bool:
    """Say whether there are people who shall choose and to whom nothing was sent yet."""
    order = case.order
    return any(order.dispatch[who] == DispatchState.IN_PROGRESS and not order.sending[who] for who in _open(case))


def _open(case: Case) -> list[int]:
    """Return those for whom nothing is chosen yet."""
    order = case.order
    if order.kind != CHOICE or order.coupons.find(CouponState.OPEN) < 0:
        return []
    return [who for who, state in enumerate(order.coupons) if state == CouponState.OPEN]


def _waiting(case: Case) -> list[int]:
    """Return those who may choose and have not, and whose first message has its result."""
    return [who for who in _open(case) if case.order.dispatch[who] != DispatchState.IN_PROGRESS]


def _over(case: Case) -> tuple[list[int], list[int]]:
    """Return those whose 7 days are over: whom a message has reached, and whom none has."""
    order = case.order
    last_start = business_date(case.bench.clock.now()) - timedelta(days=WINDOW_DAYS + 1)
    silent, unreached = [], []
    for who in _waiting(case):
        start = order.reached_on(who)
        if start is not None:
            if start <= last_start:
                silent.append(who)
        elif (attempted := order.attempted_on(who)) is not None and attempted <= last_start and not order.sending[who]:
            unreached.append(who)
    return silent, unreached


def _has_none(case: Case, recipient: int, off_sale: Sequence[int]) -> bool:
    lines = range(len(case.order.lines))
    return all(line in off_sale or case.order.is_excluded(recipient, line) for line in lines)


def _key(case: Case, what: str, recipients: Sequence[int], off_sale: Sequence[int] = ()) -> str:
    return f"{case.order_id}:{what}:{mark(recipients, off_sale)}"
