"""The two pages of a pay-out link: who is paid registers where to, who pays confirms it and pays (SPEC 11.2).

Behind the link of a person is the payee's page, past the last digits and a code; behind that of nobody in particular,
which goes to the account's own people, the creator's. Neither ever shows more of a number than its last digits.
"""

from __future__ import annotations

from typing import Any, ClassVar

from psycopg import AsyncConnection

from aggregates.collecting.payout_link_facts import (
    CANCELLED,
    DETAILS_SUBMITTED,
    EXPIRED,
    FUNDED,
    FUNDING,
    ISSUED,
    PAID_OUT,
    PAYING,
    PAYOUT_FAILED,
    REFUNDED,
    REFUNDING,
    REJECTED,
)
from aggregates.errors import Rejected
from api.pages.design import RELOAD_S
from api.pages.gate import plain_digits
from api.pages.html import NOTHING, Html, joined
from api.pages.submitting import Done
from api.public_pages import parts, paying
from api.public_pages.said import Said, day
from api.public_pages.things import payout_texts as say
from api.public_pages.visit import NOT_OURS, Shown, Taken, Thing, Visit
from ledger.commands.collecting.payout_links import PayPayoutLink, RefundPayoutLink, SubmitPayoutDetails
from ledger.vault import PublicLink
from ledger.vault.payouts import ACCOUNT, CARD, HOLDER_MAX, read_destination
from projections import obligations, payout_links

REGISTER, PAY_HELD, TAKE_BACK = "register", "pay_held", "take_back"
BY_CREATOR = "creator"
"""Reason of a refund that was asked for on the page."""

OPTIONS = {name: said for name, said in paying.OPTIONS.items() if name in ("card", "transfer")}
"""Ways by which money can go back where it cannot be paid out."""

_CHECKS: dict[str | None, Said] = {
    None: say.HOLDER_WAITS,
    "full": say.HOLDER_FULL,
    "partial": say.HOLDER_PARTIAL,
    "none": say.HOLDER_NONE,
}


class PayoutPage(Thing):
    """Somebody is paid, and says where to."""

    VIEWS: ClassVar[tuple[str, ...]] = ("payout_links", "obligations", "payments")

    def asks_code(self, opened: PublicLink) -> bool:
        """Say that a code goes to the payee's phone before anything can be entered (SPEC R-137)."""
        return opened.subject is not None

    async def shown(self, visit: Visit, conn: AsyncConnection[Any]) -> Shown:
        """Show the page of who is paid, or of who pays."""
        row = await payout_links.one(conn, visit.thing_id)
        is_payee = visit.opened.subject is not None
        shown = await (_for_payee(visit, row) if is_payee else _for_creator(visit, conn, row))
        head = await _head(visit, row, is_payee=is_payee)
        return Shown(joined([head, shown.content]), shown.reload_s)

    async def taken(self, visit: Visit, conn: AsyncConnection[Any]) -> Taken:
        """Take the step that the form names."""
        row = await payout_links.one(conn, visit.thing_id)
        if visit.opened.subject is not None:
            return await _register(visit) if visit.asked.named == REGISTER else Taken()
        stale = (visit.thing_id, row["account_id"])
        version = visit.number("version")
        match visit.asked.named:
            case paying.STEP:
                due = await _due(visit, conn, row)
                return await paying.pay(
                    visit,
                    due,
                    lambda _, method: _pay(visit, version, method),
                    *stale,
                    options=OPTIONS,
                    told=say.REFUSALS,
                )
            case "pay_held":
                done = await visit.do(PayPayoutLink(visit.thing_id, version), *stale)
                return paying.after(visit, done, say.REFUSALS)
            case "take_back":
                done = await visit.do(RefundPayoutLink(visit.thing_id, BY_CREATOR), *stale, row["obligation_id"])
                return paying.after(visit, done, say.REFUSALS)
        return Taken()


def _pay(visit: Visit, version: int, method: Any) -> PayPayoutLink:
    return PayPayoutLink(visit.thing_id, version, method)


async def _due(visit: Visit, conn: AsyncConnection[Any], row: dict[str, Any]) -> paying.Due:
    found = None if row["obligation_id"] is None else await obligations.find(conn, row["obligation_id"])
    if found is not None:
        return await paying.due_of(visit, conn, found)
    asked = {"currency": row["currency"], "due_minor": row["amount_minor"], "parts": False}
    return paying.Due.unasked({**asked, "minimum_minor": 1, "maximum_minor": None})


async def _head(visit: Visit, row: dict[str, Any], *, is_payee: bool) -> Html:
    words, currency = visit.words, row["currency"]
    is_open = row["status"] in (ISSUED, DETAILS_SUBMITTED)
    until = (say.EXPIRES_ON.to(words), day(words, row["expires_on"], currency)) if is_open else None
    if not is_payee:
        title = parts.headline(say.CONFIRM_TITLE.to(words))
        return joined([title, parts.panel(parts.large(words, row["amount_minor"], currency), parts.facts([until]))])
    sender = (say.FROM.to(words), parts.isolated(await visit.payee(row["account_id"])))
    large = parts.large(words, row["amount_minor"], currency)
    return joined([parts.headline(say.TITLE.to(words)), parts.panel(large, parts.facts([sender, until]))])


async def _for_payee(visit: Visit, row: dict[str, Any]) -> Shown:
    words = visit.words
    over = parts.state("over", say.OVER_TITLE.to(words), say.OVER.to(words))
    match row["status"]:
        case _ if row["status"] in (ISSUED, DETAILS_SUBMITTED) and row["expires_on"] < visit.today():
            return Shown(over)
        case "issued":
            return Shown(joined([parts.line(say.ENTER.to(words)), _forms(visit)]))
        case "details_submitted":
            done = parts.state("good", say.REGISTERED_TITLE.to(words), say.REGISTERED.to(words))
            where = parts.panel(parts.facts(await _where(visit, row)))
            return Shown(joined([done, where, parts.folded(say.CHANGE.to(words), _forms(visit))]))
        case "funding" | "funded" | "paying":
            waits = parts.state("waits", say.ON_ITS_WAY_TITLE.to(words), say.ON_ITS_WAY.to(words))
            return Shown(joined([waits, parts.panel(parts.facts(await _where(visit, row)))]), RELOAD_S)
        case "paid_out":
            return Shown(joined([_paid(visit, row), parts.panel(parts.facts(await _where(visit, row)))]))
        case "payout_failed":
            failed = parts.state("over", say.FAILED_TITLE.to(words), say.FAILED_PAYEE.to(words))
            if row["version"] > row["paying_version"]:
                waits = parts.state("good", say.REGISTERED_TITLE.to(words), say.REGISTERED.to(words))
                return Shown(joined([waits, parts.panel(parts.facts(await _where(visit, row)))]))
            return Shown(joined([failed, _forms(visit)]))
        case "rejected":
            return Shown(parts.state("over", say.OVER_TITLE.to(words), say.REJECTED_PAYEE.to(words)))
    return Shown(over)


async def _for_creator(visit: Visit, conn: AsyncConnection[Any], row: dict[str, Any]) -> Shown:
    words, status = visit.words, row["status"]
    if status in (ISSUED, DETAILS_SUBMITTED, PAYOUT_FAILED) and visit.opened.generation < row["version"]:
        return Shown(parts.state("over", say.REPLACED_TITLE.to(words), say.REPLACED.to(words)))
    is_late = status in (ISSUED, DETAILS_SUBMITTED) and row["expires_on"] < visit.today()
    if is_late or status in (CANCELLED, EXPIRED):
        return Shown(parts.state("over", say.OVER_TITLE.to(words)))
    if status == REJECTED:
        return Shown(parts.state("over", say.REJECTED_TITLE.to(words), say.REJECTED_CREATOR.to(words)))
    if status == ISSUED:
        return Shown(parts.state("waits", say.NOT_YET_TITLE.to(words), say.NOT_YET.to(words)))
    where = parts.panel(parts.facts([*await _where(visit, row), _check(visit, row)]))
    match status:
        case _ if status == DETAILS_SUBMITTED and row["holder_check"] is None:
            return Shown(joined([where, parts.state("waits", say.HOLDER_WAITS.to(words))]), RELOAD_S)
        case _ if status == DETAILS_SUBMITTED and row["approval"] and row["approved_by"] is None:
            return Shown(joined([where, parts.state("waits", say.APPROVAL_TITLE.to(words), say.APPROVAL.to(words))]))
        case _ if status in (DETAILS_SUBMITTED, FUNDING):
            due = await _due(visit, conn, row)
            shown = paying.shown(visit, due, options=OPTIONS, hidden={"version": str(row["version"])})
            why = parts.line(say.PAY_WHY.to(words)) if status == DETAILS_SUBMITTED else NOTHING
            return Shown(joined([where, why, shown.content]), shown.reload_s)
        case _ if status in (FUNDED, PAYING):
            waits = parts.state("waits", say.ON_ITS_WAY_TITLE.to(words), say.ON_ITS_WAY.to(words))
            return Shown(joined([where, waits]), RELOAD_S)
        case _ if status == PAID_OUT:
            return Shown(joined([_paid(visit, row), where]))
        case _ if status == PAYOUT_FAILED:
            return Shown(joined([where, _failed_forms(visit, row)]))
        case _ if status == REFUNDING:
            return Shown(parts.state("waits", say.GOING_BACK_TITLE.to(words)), RELOAD_S)
        case _ if status == REFUNDED:
            return Shown(parts.state("over", say.GONE_BACK_TITLE.to(words)))
    return Shown(parts.state("over", say.OVER_TITLE.to(words)))


def _failed_forms(visit: Visit, row: dict[str, Any]) -> Html:
    """Offer what can be done with held money: pay it to other details once there are some, or have it back."""
    words, version = visit.words, {"version": str(row["version"])}
    told = parts.state("over", say.FAILED_TITLE.to(words), say.FAILED_CREATOR.to(words))
    is_payable = (
        row["version"] > row["paying_version"]
        and row["holder_check"] is not None
        and (row["approved_by"] is not None or not row["approval"])
        and row["held_minor"] >= row["amount_minor"]
    )
    again = parts.form(PAY_HELD, send=say.PAY_HELD.to(words), hidden=version) if is_payable else NOTHING
    back = parts.form(TAKE_BACK, send=say.TAKE_BACK.to(words), kind="plain")
    return joined([told, again, back])


def _paid(visit: Visit, row: dict[str, Any]) -> Html:
    words = visit.words
    sent = "" if row["paid_on"] is None else say.PAID_OUT.to(words, day=day(words, row["paid_on"], row["currency"]))
    return parts.state("good", say.PAID_TITLE.to(words), sent)


async def _where(visit: Visit, row: dict[str, Any]) -> list[tuple[str, str | Html]]:
    """Return where the money goes: bank, last digits, first letter of the holder's name."""
    if row["destination"] is None:
        return []
    words, token = visit.words, row["destination"]
    found = (await visit.house.vault.payouts.masked([token]))[token]
    bank = say.CARD_WORD.to(words) if row["kind"] == CARD else found.bank
    return [
        (say.BANK.to(words), parts.isolated(bank)),
        (say.ACCOUNT_NUMBER.to(words), parts.number(found.account_number)),
        (say.HOLDER.to(words), parts.isolated(found.holder)),
    ]


def _check(visit: Visit, row: dict[str, Any]) -> tuple[str, str]:
    return say.HOLDER_CHECK.to(visit.words), _CHECKS[row["holder_check"]].to(visit.words)


def _forms(visit: Visit) -> Html:
    """Return the two forms: an account, or a card."""
    words = visit.words
    typed = visit.field("kind") if visit.asked.named == REGISTER else ""
    holder = parts.field(
        "holder", say.HOLDER.to(words), value=visit.field("holder"), longest=HOLDER_MAX, complete="name"
    )
    account = parts.form(
        REGISTER,
        parts.section(say.TO_ACCOUNT.to(words)),
        parts.field("bank", say.BANK.to(words), value=visit.field("bank"), longest=40),
        parts.field("number", say.ACCOUNT_NUMBER.to(words), longest=30, kind="numeric", left_to_right=True),
        holder,
        send=say.REGISTER.to(words),
        hidden={"kind": ACCOUNT},
    )
    card = parts.form(
        REGISTER,
        parts.field("number", say.CARD_NUMBER.to(words), longest=30, kind="numeric", left_to_right=True),
        holder,
        send=say.REGISTER.to(words),
        kind="plain",
        hidden={"kind": CARD},
    )
    return joined([account, parts.folded(say.TO_CARD.to(words), card, is_open=typed == CARD)])


async def _register(visit: Visit) -> Taken:
    """Take an account or a card; its number goes into the vault before anything is recorded."""
    key, kind = visit.key(), visit.field("kind")
    if key is None or kind not in (ACCOUNT, CARD):
        return paying.after(visit, NOT_OURS)
    number = plain_digits(visit.field("number"))
    try:
        destination = read_destination(kind, number=number, holder=visit.field("holder"), bank=visit.field("bank"))
    except Rejected as error:
        return paying.after(visit, Done(error.code, 0), say.REFUSALS)
    token, new = await visit.house.vault.payouts.put_destination(visit.principal, key, destination)
    done = await visit.do(SubmitPayoutDetails(visit.thing_id, kind, token), visit.thing_id)
    if done.refused and new:
        await visit.house.vault.erase(token)
    return paying.after(visit, done, say.REFUSALS)
