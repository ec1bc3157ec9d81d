"""The page of a mandate: read what is agreed to, enter the account oneself, consent, and end it again (SPEC 10.2).

The bank says at once whose account it is; the consent itself is asked for by a signature in an app or a voice on the
telephone; what the bank has registered is active, and nothing before (SPEC R-111).
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from psycopg import AsyncConnection

from aggregates.collecting.card_numbers import digits_of
from api.pages import pieces
from api.pages.design import RELOAD_S
from api.pages.gate import plain_digits
from api.pages.html import NOTHING, Html, joined
from api.public_pages import parts, paying
from api.public_pages.said import day, money
from api.public_pages.things import mandate_texts as say
from api.public_pages.things.consent_terms import CONSENT_TERMS
from api.public_pages.visit import NOT_OURS, Shown, Taken, Thing, Visit
from ledger.commands.collecting.mandates import CancelMandate, EnterBankAccount
from projections import debit_queries

ENTER, CANCEL = "enter", "cancel"
BY_PAYER = "on_page"
"""Reason of an end that the payer asked for on the page."""

HOLDER_MAX = 50
SHOWN_DIGITS = 4

_BANK = re.compile(r"[0-9]{3}")
_NUMBER = re.compile(r"[0-9]{6,16}")
_IDENTITY = re.compile(r"[0-9]{6}|[0-9]{10}")


class MandatePage(Thing):
    """A business asks to collect from a payer's account."""

    VIEWS: ClassVar[tuple[str, ...]] = ("direct_debits",)

    async def shown(self, visit: Visit, conn: AsyncConnection[Any]) -> Shown:
        """Show what is asked for, and how far it is."""
        row = await debit_queries.mandate(conn, visit.thing_id)
        head = await _head(visit, row)
        shown = _entry(visit, row) if row["status"] == "consent_requested" else _after(visit, row)
        return Shown(joined([head, shown.content]), shown.reload_s)

    async def taken(self, visit: Visit, conn: AsyncConnection[Any]) -> Taken:
        """Take the step that the form names."""
        row = await debit_queries.mandate(conn, visit.thing_id)
        match visit.asked.named:
            case "enter" if row["status"] == "consent_requested":
                return await _enter(visit)
            case "cancel":
                done = await visit.do(CancelMandate(visit.thing_id, "payer", BY_PAYER), visit.thing_id)
                return paying.after(visit, done, say.REFUSALS)
        return Taken()


async def _head(visit: Visit, row: dict[str, Any]) -> Html:
    """Show who asks, and for how much at most."""
    words, currency = visit.words, row["currency"]
    bounds = [
        (label.to(words), money(words, row[name], currency))
        for name, label in (
            ("fixed_minor", say.FIXED),
            ("max_debit_minor", say.MAX_DEBIT),
            ("max_month_minor", say.MAX_MONTH),
        )
        if row[name] is not None
    ]
    is_open = row["status"] == "consent_requested"
    return joined(
        [
            parts.headline(say.TITLE.to(words)),
            parts.panel(
                parts.facts(
                    [
                        (say.ASKS.to(words), parts.isolated(await visit.payee(row["account_id"]))),
                        *bounds,
                        (say.PARTIAL.to(words), say.YES.to(words)) if row["partial"] else None,
                        (say.UNTIL.to(words), day(words, row["consent_until"], currency)) if is_open else None,
                    ]
                ),
                NOTHING if row["fixed_minor"] is not None else parts.hint(say.VARIES.to(words)),
                parts.hint(say.REPLACES.to(words)) if is_open and row["replaces"] is not None else NOTHING,
            ),
        ]
    )


def _entry(visit: Visit, row: dict[str, Any]) -> Shown:
    """Show a mandate that the payer has not given yet: the account, then the consent."""
    words = visit.words
    if row["step"] == "verifying":
        return Shown(parts.state("waits", say.VERIFYING_TITLE.to(words)), RELOAD_S)
    if row["step"] == "consent":
        how = say.CONSENT_ARS if row["channel"] == "ars" else say.CONSENT_APP
        return Shown(parts.state("waits", say.CONSENT_TITLE.to(words), how.to(words)), RELOAD_S)
    if visit.today() > row["consent_until"]:
        return Shown(parts.state("over", say.LATE_TITLE.to(words), say.FAILED.to(words)))
    if row["channel"] == "paper" and row["evidence"] is None:
        return Shown(parts.state("waits", say.PAPER.to(words)))
    told = NOTHING
    if row["entry"]:
        told = pieces.notice((say.LAPSED if row["code"] == "consent_expired" else say.NOT_YOURS).to(words))
    return Shown(joined([told, _terms(visit, row["consent_text"]), _account_form(visit)]))


def _terms(visit: Visit, version: str) -> Html:
    """Show what is agreed to, in full."""
    words = visit.words
    title = parts.section(say.TERMS.to(words, version=f"\u2066{version}\u2069"))
    return joined([title, parts.terms(CONSENT_TERMS[version].to(words))])


def _account_form(visit: Visit) -> Html:
    words = visit.words
    return parts.form(
        ENTER,
        parts.field(
            "bank", say.BANK_CODE.to(words), value=visit.field("bank"), longest=3, kind="numeric", left_to_right=True
        ),
        parts.field("number", say.NUMBER.to(words), longest=24, kind="numeric", left_to_right=True),
        parts.field("holder", say.HOLDER.to(words), value=visit.field("holder"), longest=HOLDER_MAX, complete="name"),
        parts.field("identity", say.IDENTITY.to(words), longest=12, kind="numeric", left_to_right=True),
        parts.tick("agreed", say.AGREE.to(words)),
        send=say.SEND.to(words),
    )


def _after(visit: Visit, row: dict[str, Any]) -> Shown:
    """Show a mandate that was given, or that came to nothing."""
    words = visit.words
    account = parts.panel(parts.facts([(say.ACCOUNT.to(words), parts.number(f"{row['bank']} ***{row['shown']}"))]))
    match row["status"]:
        case "consented" | "submitted_to_bank":
            done = parts.state("good", say.CONSENTED_TITLE.to(words), say.CONSENTED.to(words))
            return Shown(joined([done, account]))
        case "active" | "suspended":
            is_active = row["status"] == "active"
            title = say.ACTIVE_TITLE if is_active else say.SUSPENDED_TITLE
            state = parts.state("good" if is_active else "waits", title.to(words))
            form = parts.form(CANCEL, parts.line(say.CANCEL_WHY.to(words)), send=say.CANCEL.to(words), kind="no")
            return Shown(joined([state, account, parts.folded(say.CANCEL.to(words), form)]))
        case "failed":
            return Shown(parts.state("over", say.FAILED_TITLE.to(words), say.FAILED.to(words)))
        case "superseded":
            return Shown(parts.state("over", say.REPLACED_TITLE.to(words)))
    return Shown(parts.state("over", say.ENDED_TITLE.to(words)))


async def _enter(visit: Visit) -> Taken:
    """Take the account that the payer has entered; it goes into the vault before anything is recorded (SPEC N1, N3)."""
    words, key = visit.words, visit.key()
    if key is None:
        return paying.after(visit, NOT_OURS)
    bank = plain_digits(visit.field("bank"))
    number, identity = (digits_of(plain_digits(visit.field(name))) for name in ("number", "identity"))
    holder = " ".join(visit.field("holder").split())
    if visit.field("agreed") != "yes":
        return Taken(say.NOT_AGREED.to(words))
    if not (_BANK.fullmatch(bank) and _NUMBER.fullmatch(number) and _IDENTITY.fullmatch(identity) and holder):
        return Taken(say.WRONG.to(words))
    papers = visit.house.vault.debit_papers
    token = await papers.put_account(visit.principal, key, number=number, holder=holder, identity=identity)
    done = await visit.do(EnterBankAccount(visit.thing_id, bank, token, number[-SHOWN_DIGITS:]), visit.thing_id)
    if done.refused:
        await visit.house.vault.erase(token)
    return paying.after(visit, done, say.REFUSALS)
