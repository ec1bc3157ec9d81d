"""The page of a bill: pay it, have it paid by itself, ask somebody else to pay it (SPEC 10.3, R-120 to R-126)."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, ClassVar

from psycopg import AsyncConnection

from aggregates.collecting.bill import ANNOUNCED, CANCELLED, DRAFT, MISSED, OVERDUE, SENT, BillNotFound
from api.pages.gate import plain_digits
from api.pages.html import NOTHING, Html, joined
from api.pages.submitting import submit
from api.public_pages import parts, paying, texts
from api.public_pages.said import Said, day, money
from api.public_pages.things import bill_texts as say
from api.public_pages.visit import NOT_OURS, Shown, Taken, Thing, Visit
from ledger.commands.collecting.auto_pay import TurnAutoPayOff, TurnAutoPayOn
from ledger.commands.collecting.bills import ForwardBill, PayBill, RevokeForward, ViewBill
from ledger.recipients import read_phone
from ledger.vault import mask
from ledger.vault.payers import Payer
from projections import bill_queries, obligations, payments

AUTO_ON, AUTO_OFF, FORWARD, REVOKE = "auto_on", "auto_off", "forward", "revoke"

_NO_NOTE = Said("", "", "")

OPTIONS: paying.Options = {
    "card": (say.CREDIT_CARD, _NO_NOTE),
    "debit_card": (say.DEBIT_CARD, _NO_NOTE),
    "transfer": (texts.TRANSFER, texts.TRANSFER_NOTE),
}
"""As a payer chooses each time (SPEC K2)."""

NAME_MAX = 50
_TOKEN = re.compile(r"[\x21-\x7e]{8,255}")


class BillPage(Thing):
    """A biller asks a customer for money; the customer may have asked somebody else."""

    VIEWS: ClassVar[tuple[str, ...]] = ("bills", "obligations", "payments")

    async def shown(self, visit: Visit, conn: AsyncConnection[Any]) -> Shown:
        """Show the bill to its payer, or to whom the payer has asked."""
        words = visit.words
        row = await _row(visit, conn)
        if not _is_asked(visit, row):
            return Shown(parts.state("over", say.NOT_ASKED_TITLE.to(words), say.NOT_ASKED.to(words)))
        if row["status"] == SENT:
            await _note_view(visit)
        head = await _head(visit, row)
        if row["shown"] == CANCELLED:
            over = parts.state("over", say.CANCELLED_TITLE.to(words), say.CANCELLED.to(words))
            return Shown(joined([head, over]))
        due = await _due(visit, conn, row)
        shown = paying.shown(visit, due, options=OPTIONS)
        overdue = parts.state("over", texts.OVERDUE.to(words), say.OVERDUE.to(words))
        more = [overdue] if row["shown"] == OVERDUE and due.status != paying.PENDING else []
        own = await _own(visit, conn, row, due) if _is_payer(visit, row) else NOTHING
        return Shown(joined([head, *more, shown.content, own]), shown.reload_s)

    async def taken(self, visit: Visit, conn: AsyncConnection[Any]) -> Taken:
        """Take the step that the form names."""
        row = await _row(visit, conn)
        stale = (visit.thing_id, row["account_id"], row["customer_id"])
        person = visit.opened.subject
        match visit.asked.named:
            case paying.STEP if row["obligation_id"] is not None:
                due = await _due(visit, conn, row)
                return await paying.pay(
                    visit, due, lambda _, method: _pay(visit, method), *stale, options=OPTIONS, told=say.REFUSALS
                )
            case paying.GIVE_UP if row["obligation_id"] is not None:
                return await paying.give_up(visit, (await _due(visit, conn, row)).row)
            case "auto_on":
                return await _turn_on(visit, *stale)
            case "auto_off":
                done = await visit.do(TurnAutoPayOff(visit.thing_id, person), *stale)
                return paying.after(visit, done, say.REFUSALS)
            case "forward":
                return await _forward(visit, row, *stale)
            case "revoke":
                done = await visit.do(RevokeForward(visit.thing_id, person), *stale)
                return paying.after(visit, done, say.REFUSALS)
        return Taken()


def _pay(visit: Visit, method: Any) -> PayBill:
    return PayBill(visit.thing_id, method, visit.opened.subject)


async def _row(visit: Visit, conn: AsyncConnection[Any]) -> dict[str, Any]:
    """Return the row of the bill. Raises: BillNotFound: there is none, or it has not been sent."""
    row = await bill_queries.row_of(conn, visit.thing_id, visit.today())
    if row["status"] == DRAFT:
        raise BillNotFound("the bill has not been sent")
    return row


def _is_payer(visit: Visit, row: dict[str, Any]) -> bool:
    return visit.opened.subject in (None, row["person"])


def _is_asked(visit: Visit, row: dict[str, Any]) -> bool:
    return _is_payer(visit, row) or visit.opened.subject == row["forward"]


async def _due(visit: Visit, conn: AsyncConnection[Any], row: dict[str, Any]) -> paying.Due:
    obligation = await obligations.find(conn, row["obligation_id"])
    assert obligation is not None, "a bill is sent with what it asks for"
    return await paying.due_of(visit, conn, obligation)


async def _note_view(visit: Visit) -> None:
    """Record that the bill was opened, once; that it cannot be recorded keeps nobody from paying."""
    command = ViewBill(visit.thing_id, visit.opened.subject)
    await submit(visit.house, visit.asked, visit.principal, "view", f"{visit.thing_id}:view", command)


async def _head(visit: Visit, row: dict[str, Any]) -> Html:
    words, currency = visit.words, row["currency"]
    person = await visit.person(row["person"], "show the bill")
    details = person.get("details", "")
    return joined(
        [
            parts.headline(say.TITLE.to(words)),
            NOTHING if _is_payer(visit, row) else parts.line(say.FOR_OTHER.to(words)),
            parts.panel(
                parts.payee(words, await visit.payee(row["account_id"])),
                parts.large(words, row["amount_minor"], currency),
                parts.facts([(texts.DUE_ON.to(words), day(words, row["due_on"], currency))]),
            ),
            parts.letter(details) if details else NOTHING,
        ]
    )


async def _own(visit: Visit, conn: AsyncConnection[Any], row: dict[str, Any], due: paying.Due) -> Html:
    """Show what the payer alone decides: auto-pay, and who else is asked."""
    is_open = due.status not in (paying.PAID, paying.REFUNDED, paying.PART_REFUNDED)
    forward = await _forward_part(visit, row) if is_open and due.status != paying.PENDING else NOTHING
    return joined([forward, await _auto_part(visit, conn, row, is_open=is_open)])


async def _auto_part(visit: Visit, conn: AsyncConnection[Any], row: dict[str, Any], *, is_open: bool) -> Html:
    words, currency = visit.words, row["currency"]
    if visit.house.ports is None:
        return NOTHING
    key = await payments.billing_key(conn, row["billing_key_id"]) if row["billing_key_id"] else None
    has_card = key is not None and key["status"] in ("active", "requested")
    if not row["auto_on"]:
        field = parts.field(
            "token",
            say.AUTO_TOKEN.to(words),
            longest=255,
            below=say.AUTO_TOKEN_NOTE.to(words),
            left_to_right=True,
        )
        card = parts.hint(say.AUTO_REGISTERED.to(words)) if has_card else field
        form = parts.form(
            AUTO_ON, parts.line(say.AUTO_WHY.to(words)), card, send=say.AUTO_TURN_ON.to(words), kind="plain"
        )
        return parts.folded(say.AUTO_OFF.to(words), form)
    told = [parts.line(say.AUTO_WHY.to(words))]
    if key is not None and key["status"] == "requested":
        told.append(parts.line(say.AUTO_REGISTERING.to(words)))
    if is_open:
        pay_on: date = row["auto_pay_on"] or row["due_on"]
        amount = money(words, row["auto_minor"] or row["amount_minor"], currency)
        if row["forward"] is not None:
            told.append(parts.line(say.AUTO_PAUSED.to(words)))
        elif row["auto_state"] == ANNOUNCED and row["auto_turn"] == row["customer_turn"]:
            told.append(parts.line(say.AUTO_ANNOUNCED.to(words, day=day(words, pay_on, currency), amount=amount)))
        elif row["auto_state"] == MISSED:
            told.append(parts.line(say.AUTO_NOT_THIS.to(words)))
    off = parts.form(AUTO_OFF, *told, send=say.AUTO_TURN_OFF.to(words), kind="plain")
    return joined([parts.section(say.AUTO_ON.to(words)), off])


async def _forward_part(visit: Visit, row: dict[str, Any]) -> Html:
    words = visit.words
    if row["forward"] is None:
        form = parts.form(
            FORWARD,
            parts.line(say.FORWARD_WHY.to(words)),
            parts.field("name", say.FORWARD_NAME.to(words), value=visit.field("name"), longest=NAME_MAX),
            parts.field(
                "phone",
                say.FORWARD_PHONE.to(words),
                value=visit.field("phone"),
                longest=20,
                kind="tel",
                left_to_right=True,
            ),
            send=say.FORWARD_SEND.to(words),
            kind="plain",
        )
        return parts.folded(say.FORWARD.to(words), form)
    asked = await visit.person(row["forward"], "show the payer who was asked")
    named = say.FORWARDED.to(words, name=asked.get("name", ""), phone=f"\u2066{mask(asked.get('phone', ''))}\u2069")
    return joined(
        [
            parts.state("waits", say.FORWARDED_TITLE.to(words), named),
            parts.form(REVOKE, send=say.FORWARD_REVOKE.to(words), kind="plain"),
        ]
    )


async def _turn_on(visit: Visit, *stale: str) -> Taken:
    """Turn auto-pay on, with the card that is registered or the one-time token of another."""
    key, token = visit.key(), visit.field("token")
    if key is None:
        return paying.after(visit, NOT_OURS)
    if token and not _TOKEN.fullmatch(token):
        return Taken(say.AUTO_TOKEN_NOTE.to(visit.words))
    named = await visit.house.vault.put_one_time(visit.principal, key, token=token) if token else None
    done = await visit.do(TurnAutoPayOn(visit.thing_id, named, visit.opened.subject), *stale)
    return paying.after(visit, done, say.REFUSALS)


async def _forward(visit: Visit, row: dict[str, Any], *stale: str) -> Taken:
    """Ask somebody else to pay; name and number go into the vault first."""
    key, name = visit.key(), visit.field("name")
    phone = read_phone(plain_digits(visit.field("phone")))
    if key is None:
        return paying.after(visit, NOT_OURS)
    if not name or len(name) > NAME_MAX or not phone:
        return Taken(say.FORWARD_WRONG.to(visit.words))
    payers = visit.house.vault.payers
    token, new = await payers.put(visit.principal, key, Payer(name, phone), row["due_on"])
    customer_id = payers.customer_id(row["account_id"], phone)
    done = await visit.do(ForwardBill(visit.thing_id, token, customer_id, visit.opened.subject), *stale)
    if done.refused and new:
        await visit.house.vault.erase(token)
    return paying.after(visit, done, say.REFUSALS)
