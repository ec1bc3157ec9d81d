"""The page of a payment request: accept or reject it, answer a change, pay what was accepted (SPEC 9, R-101..R-107)."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from psycopg import AsyncConnection

from aggregates.collecting.payment_request_parts import (
    ACCEPTED,
    AMENDMENT_PROPOSED,
    EXPIRED,
    REASON_MAX,
    REJECTED,
    REJECTION_CODES,
    SENT,
    WITHDRAWN,
)
from api.pages.html import NOTHING, Html, joined
from api.public_pages import parts, paying, texts
from api.public_pages.said import Said, day, money
from api.public_pages.things import request_texts as say
from api.public_pages.visit import NOT_OURS, Shown, Taken, Thing, Visit
from api.reply import Reply
from ledger.commands.collecting.payment_requests import AcceptPaymentRequest, RejectPaymentRequest
from ledger.commands.collecting.request_amendments import AcceptAmendment, RejectAmendment
from ledger.commands.collecting.request_money import PayPaymentRequest
from ledger.vault import LinkNotFound, Reading
from projections import obligations, payment_requests

FILE = b"application/octet-stream"
"""As which attached files go out: whatever they are, a browser keeps them and shows nothing."""

ACCEPT, REJECT, AGREE, REFUSE = "accept", "reject", "agree", "refuse"
"""Steps: of the request, and of a change to it."""

_ENDED: dict[str, tuple[Said, Said]] = {
    REJECTED: (say.REJECTED_TITLE, say.REJECTED),
    WITHDRAWN: (say.WITHDRAWN_TITLE, say.WITHDRAWN),
    EXPIRED: (say.EXPIRED_TITLE, say.EXPIRED),
}


class RequestPage(Thing):
    """Somebody is asked for money."""

    VIEWS: ClassVar[tuple[str, ...]] = ("payment_requests", "obligations", "payments")

    async def shown(self, visit: Visit, conn: AsyncConnection[Any]) -> Shown:
        """Show what is asked for, and where it stands."""
        words = visit.words
        row = await payment_requests.find(conn, visit.thing_id, visit.today())
        head = await _head(visit, row)
        if row["shown"] == SENT:
            return Shown(joined([head, _answer_forms(visit, row)]))
        if row["shown"] in _ENDED:
            title, text = _ENDED[row["shown"]]
            return Shown(joined([head, parts.state("over", title.to(words), text.to(words))]))
        due = await _due(visit, conn, row)
        shown = paying.shown(visit, due)
        overdue = []
        if row["shown"] != "paid" and row["due_on"] < visit.today():
            overdue.append(parts.state("over", texts.OVERDUE.to(words)))
        change = await _change(visit, row)
        return Shown(joined([head, *overdue, change, shown.content]), shown.reload_s)

    async def file(self, visit: Visit, conn: AsyncConnection[Any], name: str) -> Reply:
        """Return a file that goes with the request (SPEC Q2, R-106). Raises: NotFound."""
        row = await payment_requests.find(conn, visit.thing_id, visit.today())
        sheet = next((each for each in row["attachments"] if each["id"] == name), None)
        if sheet is None:
            raise LinkNotFound("no such file goes with this request")
        content = await visit.house.vault.requests.content(name, _reading(visit))
        disposition = f'attachment; filename="{name}.{sheet["type"]}"'.encode()
        return Reply(200, content, ((b"content-disposition", disposition),), FILE)

    async def taken(self, visit: Visit, conn: AsyncConnection[Any]) -> Taken:
        """Take the step that the form names."""
        row = await payment_requests.find(conn, visit.thing_id, visit.today())
        match visit.asked.named:
            case "accept":
                version = visit.number("version")
                accept = AcceptPaymentRequest(visit.thing_id, None, version, "page")
                done = await visit.do(accept, visit.thing_id, row["account_id"])
                return paying.after(visit, done, say.REFUSALS)
            case "reject" | "refuse":
                return await _reject(visit, row)
            case "agree":
                agree = AcceptAmendment(visit.thing_id, None, "payer", visit.number("number"), "page")
                done = await visit.do(agree, visit.thing_id, row["account_id"], row["obligation_id"])
                return paying.after(visit, done, say.REFUSALS)
            case paying.STEP if row["status"] == ACCEPTED:
                due = await _due(visit, conn, row)
                stale = (visit.thing_id, row["account_id"])
                return await paying.pay(visit, due, lambda amount, method: _pay(visit, amount, method), *stale)
            case paying.GIVE_UP:
                return await paying.give_up(visit, (await _due(visit, conn, row)).row)
        return Taken()


def _pay(visit: Visit, amount_minor: int, method: Any) -> PayPaymentRequest:
    return PayPaymentRequest(visit.thing_id, None, amount_minor, method)


async def _due(visit: Visit, conn: AsyncConnection[Any], row: dict[str, Any]) -> paying.Due:
    (obligation,) = await obligations.of_source(conn, row["request_id"])
    return await paying.due_of(visit, conn, obligation)


async def _head(visit: Visit, row: dict[str, Any]) -> Html:
    """Show what is asked for, by whom, until when, and what was written about it."""
    words, currency = visit.words, row["currency"]
    written = await _words(visit, row)
    files = [parts.download(file["id"], str(name), file["size"]) for file, name in written["files"]]
    return joined(
        [
            parts.headline(say.TITLE.to(words)),
            parts.panel(
                parts.payee(words, await visit.payee(row["account_id"])),
                parts.large(words, row["amount_minor"], currency),
                parts.facts(
                    [
                        (texts.DUE_ON.to(words), day(words, row["due_on"], currency)),
                        (say.REFERENCE.to(words), parts.isolated(row["reference"])) if row["reference"] else None,
                    ]
                ),
            ),
            parts.letter(written["details"]) if written["details"] else NOTHING,
            parts.panel(parts.line(say.ATTACHED.to(words)), *files) if files else NOTHING,
        ]
    )


async def _words(visit: Visit, row: dict[str, Any]) -> dict[str, Any]:
    """Return what was written, and the files that go with it under their names."""
    token = row["details"]
    found = {} if token is None else (await visit.house.vault.requests.words([token], _reading(visit))).get(token, {})
    files = [(file, found.get(file["id"], file["type"])) for file in row["attachments"]]
    return {"details": found.get("details", ""), "files": files}


def _reading(visit: Visit) -> Reading:
    return Reading(visit.principal, "show to the person who is asked", visit.asked.request_id)


def _answer_forms(visit: Visit, row: dict[str, Any]) -> Html:
    words = visit.words
    version = {"version": str(row["version"])}
    until: date = row["expires_on"]
    accept = parts.form(
        ACCEPT,
        parts.line(say.ACCEPT_WHY.to(words)),
        parts.hint(say.ANSWER_UNTIL.to(words, day=day(words, until, row["currency"]))),
        send=say.ACCEPT.to(words),
        hidden=version,
    )
    return joined([accept, parts.folded(say.REJECT_INSTEAD.to(words), _reject_form(visit, REJECT, version))])


def _reject_form(visit: Visit, step: str, hidden: dict[str, str]) -> Html:
    words = visit.words
    reasons = [(code, say.REASONS[code].to(words)) for code in REJECTION_CODES]
    return parts.form(
        step,
        parts.selection("reason", say.REASON.to(words), reasons),
        parts.area("text", say.REASON_TEXT.to(words), longest=REASON_MAX, value=visit.field("text")),
        send=say.REJECT.to(words),
        kind="no",
        hidden=hidden,
    )


async def _change(visit: Visit, row: dict[str, Any]) -> Html:
    """Show a change that the payee has proposed, to be answered; nothing where there is none."""
    words, currency = visit.words, row["currency"]
    last = row["amendments"][-1] if row["amendments"] else None
    if last is None or last["status"] != AMENDMENT_PROPOSED:
        return NOTHING
    if last["side"] == "payer":
        return parts.state("waits", say.CHANGE_YOURS.to(words))
    number = {"number": str(last["amendment"])}
    new = parts.facts(
        [
            (texts.AMOUNT.to(words), money(words, last["amount"], currency)),
            (texts.DUE_ON.to(words), day(words, date.fromisoformat(last["due_on"]), currency)),
        ]
    )
    agree = parts.form(AGREE, new, send=say.CHANGE_AGREE.to(words), hidden=number)
    refuse = parts.folded(say.CHANGE_REFUSE.to(words), _reject_form(visit, REFUSE, number))
    return joined([parts.state("waits", say.CHANGE_TITLE.to(words), say.CHANGE_WHY.to(words)), agree, refuse])


async def _reject(visit: Visit, row: dict[str, Any]) -> Taken:
    """Say no to a request, or to a change of it; why goes into the vault first."""
    words, key = visit.words, visit.key()
    reason, text = visit.field("reason"), visit.field("text").replace("\r\n", "\n")
    if key is None:
        return paying.after(visit, NOT_OURS)
    if reason not in REJECTION_CODES or not text or len(text) > REASON_MAX:
        return Taken(parts.typed_only(words, say.REASON_TEXT))
    papers = visit.house.vault.requests
    token, new = await papers.put_words(visit.principal, key, {"text": text}, papers.keep_until(row["due_on"]))
    if visit.asked.named == REJECT:
        version = visit.number("version")
        done = await visit.do(
            RejectPaymentRequest(visit.thing_id, None, version, reason, token, "page"), visit.thing_id
        )
    else:
        number = visit.number("number")
        done = await visit.do(
            RejectAmendment(visit.thing_id, None, "payer", number, reason, token, "page"), visit.thing_id
        )
    if done.refused and new:
        await visit.house.vault.erase(token)
    return paying.after(visit, done, say.REFUSALS)
