"""The page of a payment link: pay the amount asked for, or one of one's own, while the link holds (SPEC 11.1)."""

from __future__ import annotations

from typing import Any, ClassVar

from psycopg import AsyncConnection

from api.pages import pieces
from api.pages.design import RELOAD_S
from api.pages.html import NOTHING, Html, joined
from api.public_pages import parts, paying, texts
from api.public_pages.said import Said, day
from api.public_pages.things import link_texts as say
from api.public_pages.visit import Shown, Taken, Thing, Visit
from ledger.commands.collecting.payment_links import PayByLink
from projections import obligations, payment_links

_ENDED: dict[str, tuple[Said, Said]] = {
    "expired": (say.EXPIRED_TITLE, say.EXPIRED),
    "deactivated": (say.DEACTIVATED_TITLE, say.DEACTIVATED),
    "superseded": (say.SUPERSEDED_TITLE, say.SUPERSEDED),
    "paid": (say.USED_UP_TITLE, say.USED_UP),
}


class LinkPage(Thing):
    """Whoever has the link pays by it."""

    VIEWS: ClassVar[tuple[str, ...]] = ("payment_links", "obligations", "payments")

    async def shown(self, visit: Visit, conn: AsyncConnection[Any]) -> Shown:
        """Show what is asked for, and where it stands."""
        row = await payment_links.find(conn, visit.thing_id, visit.now())
        head = await _head(visit, row)
        if row["obligation_id"] is not None:
            due = await _due(visit, conn, row["obligation_id"])
            shown = paying.shown(visit, due, stopped=_stopped(visit, row))
        else:
            shown = await _reusable(visit, conn, row)
        return Shown(joined([head, shown.content]), shown.reload_s)

    async def taken(self, visit: Visit, conn: AsyncConnection[Any]) -> Taken:
        """Start a payment, or give up the reader's own that waits for a deposit."""
        if visit.asked.named not in (paying.STEP, paying.GIVE_UP):
            return Taken()
        row = await payment_links.find(conn, visit.thing_id, visit.now())
        if visit.asked.named == paying.GIVE_UP:
            own = await obligations.find(conn, row["obligation_id"] or visit.own)
            if own is None or own["source_id"] != row["root_id"]:
                return Taken(paying.refused(visit.words, "form_outdated"))
            return await paying.give_up(visit, own)
        due = await _due(visit, conn, row["obligation_id"]) if row["obligation_id"] else paying.Due.unasked(row_of(row))
        stale = (visit.thing_id, row["root_id"], row["account_id"])
        return await paying.pay(
            visit, due, lambda amount, method: _pay(visit, amount, method), *stale, told=say.REFUSALS
        )


def row_of(link: dict[str, Any]) -> dict[str, Any]:
    """Return what one use of a link asks for, in the terms of what is due."""
    named = ("currency", "minimum_minor", "maximum_minor", "parts")
    return {"due_minor": link["amount_minor"], **{name: link[name] for name in named}}


def _pay(visit: Visit, amount_minor: int, method: Any) -> PayByLink:
    return PayByLink(visit.thing_id, amount_minor, method)


async def _due(visit: Visit, conn: AsyncConnection[Any], obligation_id: str) -> paying.Due:
    row = await obligations.find(conn, obligation_id)
    assert row is not None, "a link and what it asks for are made in one commit"
    return await paying.due_of(visit, conn, row)


async def _head(visit: Visit, row: dict[str, Any]) -> Html:
    words, currency, amount = visit.words, row["currency"], row["amount_minor"]
    written = await visit.person(row["words"], "show what a link is for")
    about = "\n".join(text for text in written.values() if text)
    return joined(
        [
            parts.headline(say.TITLE.to(words)),
            parts.panel(
                parts.payee(words, await visit.payee(row["account_id"])),
                parts.line(texts.AMOUNT_OPEN.to(words)) if amount is None else parts.large(words, amount, currency),
                parts.facts([(texts.EXPIRES_ON.to(words), day(words, row["expires_on"], currency))]),
            ),
            parts.letter(about) if about else NOTHING,
        ]
    )


def _stopped(visit: Visit, row: dict[str, Any]) -> Html | None:
    """Say why the link cannot be paid now; None = it can."""
    ended = "superseded" if row["ended"] == "superseded" else row["status"]
    if ended not in _ENDED:
        return None
    title, text = _ENDED[ended]
    return parts.state("over", title.to(visit.words), text.to(visit.words))


async def _reusable(visit: Visit, conn: AsyncConnection[Any], row: dict[str, Any]) -> Shown:
    """Show a link that many pay by: to each reader what became of their own payment, and of nobody else's."""
    words = visit.words
    own = await obligations.find(conn, visit.own) if visit.own else None
    noted: list[Html] = []
    if own is not None and own["source_id"] == row["root_id"]:
        due = await paying.due_of(visit, conn, own)
        if own["closed"] is None:
            shown = paying.shown(visit, due)
            again = _again(visit, row) if due.status == paying.PAID else NOTHING
            return Shown(joined([shown.content, again]), shown.reload_s)
        noted.append(pieces.notice(paying.last_failure(due, texts.FAILED).to(words)))
    stopped = _stopped(visit, row)
    if stopped is not None:
        return Shown(joined([*noted, stopped]))
    if row["status"] == "payment_pending":
        busy = parts.state("waits", say.BUSY_TITLE.to(words), say.BUSY.to(words))
        return Shown(joined([*noted, busy]), RELOAD_S)
    return Shown(joined([*noted, paying.pay_form(visit, paying.Due.unasked(row_of(row)))]))


def _again(visit: Visit, row: dict[str, Any]) -> Html:
    """Offer to pay once more by a link that still holds."""
    if row["status"] != "active":
        return NOTHING
    form = paying.pay_form(visit, paying.Due.unasked(row_of(row)))
    return parts.folded(say.AGAIN.to(visit.words), form)
