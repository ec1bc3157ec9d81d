"""The page of a building's unit: what its owner or resident is charged with, how it was reckoned, and what is to pay.

Each sees only what they owe and have paid themselves (SPEC H3, R-141, R-143).
"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from psycopg import AsyncConnection

from api.pages.html import NOTHING, Html, joined
from api.public_pages import parts, paying
from api.public_pages.said import day, money, month, plain, short
from api.public_pages.things import unit_texts as say
from api.public_pages.visit import Shown, Taken, Thing, Visit
from ledger.commands.collecting.obligations import StartCollection
from ledger.vault import Reading
from projections import building_queries, obligations

VIA = "unit"
LINES_SHOWN = 12
"""Lines that are shown at once; earlier ones unfold."""

LINES_MAX = 120


class UnitPage(Thing):
    """The charges of a unit."""

    VIEWS: ClassVar[tuple[str, ...]] = ("buildings", "obligations", "payments")

    async def shown(self, visit: Visit, conn: AsyncConnection[Any]) -> Shown:
        """Show what is to pay, what was charged, and what was paid."""
        words = visit.words
        report = await _report(visit, conn)
        content = [await _head(visit, conn, report)]
        reload_s = 0
        for tab in report["tabs"]:
            if len(report["tabs"]) > 1:
                content.append(parts.section(say.LIABLE[tab["liable"]].to(words)))
            part = await _tab(visit, conn, tab)
            content.append(part.content)
            reload_s = max(reload_s, part.reload_s)
        content.append(_lines(visit, report))
        return Shown(joined(content), reload_s)

    async def taken(self, visit: Visit, conn: AsyncConnection[Any]) -> Taken:
        """Start a payment of one of the reader's own tabs, or give up the one that waits for a deposit."""
        if visit.asked.named not in (paying.STEP, paying.GIVE_UP):
            return Taken()
        report = await _report(visit, conn)
        own = {tab["obligation_id"] for tab in report["tabs"]}
        row = await obligations.find(conn, visit.field("due")) if visit.field("due") in own else None
        if row is None:
            return Taken(paying.refused(visit.words, "form_outdated"))
        if visit.asked.named == paying.GIVE_UP:
            return await paying.give_up(visit, row)
        due = paying.Due(row, [], None, None)
        stale = (visit.thing_id, row["account_id"])
        return await paying.pay(visit, due, lambda amount, method: _pay(row, amount, method), *stale)


def _pay(row: dict[str, Any], amount_minor: int, method: Any) -> StartCollection:
    return StartCollection(row["obligation_id"], amount_minor, method, VIA)


async def _report(visit: Visit, conn: AsyncConnection[Any]) -> dict[str, Any]:
    return await building_queries.unit_report(conn, visit.thing_id, visit.today(), person=visit.opened.subject)


async def _head(visit: Visit, conn: AsyncConnection[Any], report: dict[str, Any]) -> Html:
    words, currency = visit.words, report["currency"]
    building = await building_queries.one(conn, report["building_id"])
    reading = Reading(visit.principal, "show what a unit is charged with", visit.asked.request_id)
    name = (await visit.house.vault.residents.names([building["name"]], reading))[building["name"]].name
    figures = parts.facts(
        [
            (say.OVERDUE.to(words), money(words, report["overdue"], currency)) if report["overdue"] else None,
            (say.CREDIT.to(words), money(words, report["credit"], currency)) if report["credit"] else None,
        ]
    )
    return joined(
        [
            parts.headline(say.TITLE.to(words, number=plain(words, report["unit_number"]))),
            parts.panel(
                parts.named(name, await visit.payee(building["account_id"])),
                parts.line(say.TO_PAY.to(words)),
                parts.large(words, report["outstanding"], currency),
                figures,
            ),
        ]
    )


async def _tab(visit: Visit, conn: AsyncConnection[Any], tab: dict[str, Any]) -> Shown:
    """Show how one tab is paid; of one that owes nothing, what was paid."""
    row = await obligations.find(conn, tab["obligation_id"])
    if row is None:
        return Shown(NOTHING)
    due = await paying.due_of(visit, conn, row)
    if tab["outstanding"] == 0 and due.status != paying.PENDING:
        done = parts.state("good", say.NOTHING_TITLE.to(visit.words))
        return Shown(joined([done, paying.receipts(visit.words, due)]))
    return paying.shown(visit, due)


def _lines(visit: Visit, report: dict[str, Any]) -> Html:
    """List what was charged, the newest first, with how each share was reckoned."""
    words = visit.words
    rows = [_line(visit, line) for line in reversed(report["lines"])][:LINES_MAX]
    if not rows:
        return NOTHING
    shown = parts.panel(parts.entries(rows[:LINES_SHOWN]))
    earlier = rows[LINES_SHOWN:]
    more = parts.folded(say.MORE.to(words), parts.entries(earlier)) if earlier else NOTHING
    return joined([parts.section(say.CHARGES.to(words)), shown, more])


def _line(visit: Visit, line: dict[str, Any]) -> tuple[str, str, str]:
    words, currency = visit.words, line["currency"]
    name = say.LATE_FEE.to(words) if line["kind"] == "late_fee" else (line["name"] or line["cost"] or "")
    if line["of_month"] != line["month"] and line["kind"] != "late_fee":
        name = f"{name} · {say.ADJUSTED.to(words, month=month(words, line['of_month']))}"
    due = date.fromisoformat(line["due_on"])
    small = [f"{month(words, line['month'])} · {say.DUE.to(words, day=day(words, due, currency))}"]
    if line["cost_total"] and line["basis"] in say.BASES:
        small.append(f"{say.BASES[line['basis']].to(words)} · {_share(visit, line)}")
    if line["outstanding"] == 0:
        small.append(say.PAID.to(words))
    elif line["paid"]:
        small.append(say.LEFT.to(words, amount=short(money(words, line["outstanding"], currency))))
    return name, "\n".join(small), money(words, line["amount"], currency)


def _share(visit: Visit, line: dict[str, Any]) -> str:
    """Return which part of a cost a line is."""
    words = visit.words
    total = short(money(words, line["cost_total"], line["currency"]))
    if line["weight"] is None or not line["weights"]:
        return say.OF_TOTAL.to(words, total=total)
    return say.SHARE.to(words, total=total, weight=line["weight"], weights=line["weights"])
