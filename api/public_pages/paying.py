"""Paying what is due: where it stands, the form that starts a payment, and what comes of it.

"Paid" is said only where money has settled (or the payee has confirmed it). A payment that was started, one that waits
for a deposit, one that has settled and one that was taken back are never the same on a page (SPEC R-101, R-116).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

import orjson
from psycopg import AsyncConnection

from aggregates.money import EXPONENTS
from aggregates.payment import GIVEN_UP
from api.pages import pieces
from api.pages.design import RELOAD_S
from api.pages.html import NOTHING, Html, fill, joined
from api.pages.submitting import Done
from api.pages.words import Words
from api.public_pages import parts, texts
from api.public_pages.said import Said, day, digits, money, short, typed_amount
from api.public_pages.visit import Shown, Taken, Visit
from ledger.command import Command
from ledger.commands.collecting.giving_up import GiveUpCollection
from projections import obligations, payments

STEP, GIVE_UP = "pay", "give_up"
"""Steps that a form names: start a payment; give up the one that waits for a deposit."""

DEPOSIT_RELOAD_S = 20
"""After how many seconds a page that waits for a deposit asks for itself again."""

Options = Mapping[str, tuple[Said, Said]]
"""Ways to pay: method -> name, small print."""

OPTIONS: Options = {
    "card": (texts.CARD, texts.CARD_NOTE),
    "transfer": (texts.TRANSFER, texts.TRANSFER_NOTE),
    "virtual_account": (texts.VIRTUAL_ACCOUNT, texts.VIRTUAL_ACCOUNT_NOTE),
}

PAID_BY: dict[str, Said] = {
    "card": texts.CARD,
    "transfer": texts.TRANSFER,
    "virtual_account": texts.VIRTUAL_ACCOUNT,
    "direct_debit": texts.DIRECT_DEBIT,
}

Told = Mapping[str, Said]

REFUSALS: Told = {
    "payment_in_flight": texts.IN_FLIGHT,
    "already_paid": texts.NOTHING_LEFT,
    "not_payable": texts.CLOSED,
    "form_outdated": texts.SHOW_AGAIN,
    "payment_not_waiting": texts.GIVEN_UP_LATE,
    "attempt_not_pending": texts.GIVEN_UP_LATE,
}
"""Code of a refusal -> what a reader is told of it; see `refused`."""

NO_DEPOSIT = ("expired", GIVEN_UP)
"""Why a virtual account is not in use any more."""

PENDING, PAID, REFUNDED, PART_REFUNDED, PARTLY = "pending", "paid", "refunded", "part_refunded", "partially_paid"


class Due(NamedTuple):
    """One due item as its payer may see it.

    Attributes:
        row: of the view of obligations. payments: of it, oldest first.
        at_gateway: the payment that is under way there; None = there is none.
        pay_in: bank and number of a virtual account that waits for the money; None = there is none.
    """

    row: dict[str, Any]
    payments: list[dict[str, Any]]
    at_gateway: dict[str, Any] | None
    pay_in: tuple[str, str] | None

    @classmethod
    def unasked(cls, row: dict[str, Any]) -> Due:
        """Return what becomes due when somebody pays: nothing of it is paid, and no payment is under way.

        Args:
            row: at least its currency, due_minor, minimum_minor, maximum_minor and parts.
        """
        blank = {
            "obligation_id": "", "paid_minor": 0, "confirmed_minor": 0, "refunded_minor": 0, "reversed_minor": 0,
            "credit_minor": 0, "attempt_id": None, "closed": None,
        }  # fmt: skip
        return cls({**blank, **row}, [], None, None)

    @property
    def status(self) -> str:
        """Return where the money stands; a payment under way goes before what was paid in part."""
        return PENDING if self.row["attempt_id"] is not None else obligations.money_status(self.row)

    @property
    def outstanding(self) -> int | None:
        """Return what is left to pay, in minor units; None = the payer decides."""
        due = self.row["due_minor"]
        return None if due is None else max(0, due - self.row["paid_minor"])


async def due_of(visit: Visit, conn: AsyncConnection[Any], row: dict[str, Any]) -> Due:
    """Return a due item; where a virtual account waits, with its number, the read on record."""
    made = await obligations.payments_of(conn, row["obligation_id"])
    at_gateway = None if row["attempt_id"] is None else await payments.find(conn, row["attempt_id"])
    pay_in = None
    if at_gateway is not None and at_gateway["status"] == "waiting_for_deposit":
        fields = await visit.person(at_gateway["destination"], "show where to pay in")
        pay_in = fields.get("bank", ""), fields.get("account_number", "")
    return Due(row, made, at_gateway, pay_in)


def shown(
    visit: Visit,
    due: Due,
    *,
    stopped: Html | None = None,
    options: Options = OPTIONS,
    hidden: dict[str, str] | None = None,
) -> Shown:
    """Show where a due item stands, and how it can be paid.

    Args:
        stopped: says why it cannot be paid now, in the place of the form; None = it can. options: how.
        hidden: what goes with the form.
    """
    words, row, status = visit.words, due.row, due.status
    told = receipts(words, due)
    if status == PENDING:
        return _under_way(words, due, told)
    if status in (PAID, REFUNDED, PART_REFUNDED):
        return Shown(joined([_done(words, due), told]))
    noted = [_partly(words, due)] if status == PARTLY else []
    if row["reversed_minor"]:
        noted.append(pieces.notice(texts.REVERSED.to(words)))
    if row["closed"] or stopped is not None:
        over = stopped or parts.state("over", texts.CLOSED_TITLE.to(words), texts.CLOSED.to(words))
        return Shown(joined([*noted, over, told]))
    if due.payments and due.payments[-1]["status"] == "failed":
        noted.append(pieces.notice(last_failure(due, texts.FAILED).to(words)))
    return Shown(joined([*noted, pay_form(visit, due, options, hidden), told]))


def pay_form(visit: Visit, due: Due, options: Options = OPTIONS, hidden: dict[str, str] | None = None) -> Html:
    """Return the form that starts a payment; where no gateway is, what to do instead."""
    words, row = visit.words, due.row
    if visit.house.ports is None:
        return parts.state("over", texts.NO_GATEWAY.to(words))
    ways = [(name, label.to(words), note.to(words)) for name, (label, note) in options.items()]
    chosen = visit.field("method") if visit.asked.named == STEP else ""
    outstanding, named = due.outstanding, {"due": row["obligation_id"], **(hidden or {})}
    amount = NOTHING if _is_fixed(due) else _amount_field(visit, due)
    if outstanding is None or amount:
        send = texts.PAY.to(words)
    else:
        send = texts.PAY_AMOUNT.to(words, amount=short(money(words, outstanding, row["currency"])))
    methods = parts.choice("method", texts.HOW.to(words), ways, chosen)
    return parts.form(STEP, amount, methods, send=send, hidden=named)


async def pay(
    visit: Visit,
    due: Due,
    command: Callable[[int, str], Command],
    *stale: str,
    options: Options = OPTIONS,
    told: Told | None = None,
) -> Taken:
    """Start the payment that the form asks for.

    Args:
        command: makes it, of an amount in minor units and a method. stale: as of `Visit.do`.
        told: code of a refusal -> what the reader is told, beside those of all pages.
    """
    words, currency = visit.words, due.row["currency"]
    if visit.house.ports is None:
        return Taken(texts.NO_GATEWAY.to(words))
    method = visit.field("method")
    if method not in options:
        return Taken(texts.CHOOSE_METHOD.to(words))
    low, high = _bounds(due)
    amount = due.outstanding if _is_fixed(due) else typed_amount(visit.field("amount"), currency)
    if amount is None:
        return Taken(texts.TYPE_AMOUNT.to(words))
    if amount < low or (high is not None and amount > high):
        return Taken(_bounds_text(words, low, high, currency))
    done = await visit.do(command(amount, method), *stale, *(each for each in (due.row["obligation_id"],) if each))
    taken = after(visit, done, told)
    return taken if taken.wrong else taken._replace(own=str(orjson.loads(done.body).get("obligation_id", "")))


async def give_up(visit: Visit, row: dict[str, Any]) -> Taken:
    """Give up the payment by virtual account that the form names. row: of the due item, as the reader may pay it."""
    obligation_id, payment_id = row["obligation_id"], row["attempt_id"]
    if payment_id is None or visit.field("payment") != payment_id:
        return Taken(texts.GIVEN_UP_LATE.to(visit.words))
    done = await visit.do(GiveUpCollection(obligation_id, payment_id), obligation_id, payment_id)
    return after(visit, done)


def after(visit: Visit, done: Done, told: Told | None = None) -> Taken:
    """Return what became of a form: done, or why it was refused, in the reader's words."""
    return Taken(refused(visit.words, done.refused, told)) if done.refused else Taken(position=done.position)


def refused(words: Words, code: str, told: Told | None = None) -> str:
    """Say in the reader's words why something was refused; what is not known by name is said in general."""
    return {**REFUSALS, **(told or {})}.get(code, texts.NOT_NOW).to(words)


def receipts(words: Words, due: Due) -> Html:
    """List what has settled, with what of it was taken back or given back; nothing where nothing has."""
    currency = due.row["currency"]
    rows = []
    for each in due.payments:
        if each["status"] != "settled":
            continue
        by = PAID_BY.get(each["method"] or "", texts.OUTSIDE).to(words)
        small = [day(words, each["paid_on"], currency)] if each["paid_on"] else []
        if each["reversed_minor"]:
            small.append(f"{texts.TAKEN_BACK.to(words)} {money(words, each['reversed_minor'], currency)}")
        if each["refunded_minor"]:
            small.append(f"{texts.GONE_BACK.to(words)} {money(words, each['refunded_minor'], currency)}")
        rows.append((by, "\n".join(small), money(words, each["amount_minor"], currency)))
    if due.row["confirmed_minor"]:
        rows.append((texts.OUTSIDE.to(words), "", money(words, due.row["confirmed_minor"], currency)))
    if not rows:
        return NOTHING
    return joined([parts.section(texts.PAYMENTS.to(words)), parts.panel(parts.entries(rows))])


def _under_way(words: Words, due: Due, told: Html) -> Shown:
    """Show a payment that has no result: it is not paid."""
    row, at = due.row, due.at_gateway
    amount = money(words, row["attempt_minor"] or 0, row["currency"])
    reload = fill('<a class="button plain" href="?">{text}</a>', text=texts.RELOAD.to(words))
    if at is None or due.pay_in is None:
        waits = parts.state("waits", texts.PENDING_TITLE.to(words), amount, texts.PENDING.to(words))
        return Shown(joined([waits, reload, told]), RELOAD_S)
    bank, number = due.pay_in
    until: date | None = at["expires_on"]
    where = parts.facts(
        [
            (texts.BANK.to(words), parts.isolated(bank)) if bank else None,
            (texts.PAY_IN_TO.to(words), parts.number(number)),
            (texts.AMOUNT.to(words), amount),
            None if until is None else (texts.PAY_IN_UNTIL.to(words), day(words, until, row["currency"])),
        ]
    )
    waits = parts.state("waits", texts.WAITING_TITLE.to(words), texts.WAITING.to(words))
    other = parts.hint(texts.OTHER_PAYER.to(words))
    leave = parts.form(
        GIVE_UP,
        parts.hint(texts.GIVE_UP_NOTE.to(words)),
        send=texts.GIVE_UP.to(words),
        kind="plain",
        hidden={"due": row["obligation_id"], "payment": at["payment_id"]},
    )
    return Shown(joined([waits, parts.panel(where, other), reload, leave, told]), DEPOSIT_RELOAD_S)


def _done(words: Words, due: Due) -> Html:
    """Show what has settled in full."""
    row, status = due.row, due.status
    paid = money(words, row["paid_minor"], row["currency"])
    on: date | None = row["paid_on"]
    said = (
        texts.PAID_PLAIN.to(words)
        if on is None
        else texts.PAID.to(words, amount=paid, day=day(words, on, row["currency"]))
    )
    credit = row["credit_minor"]
    beyond = texts.CREDIT.to(words, amount=money(words, credit, row["currency"])) if credit else ""
    if status == PAID:
        return parts.state("good", texts.PAID_TITLE.to(words), said, beyond)
    back = texts.REFUNDED.to(words, amount=money(words, row["refunded_minor"], row["currency"]))
    title = texts.REFUNDED_TITLE if status == REFUNDED else texts.PART_REFUNDED_TITLE
    return parts.state("over", title.to(words), back, beyond)


def _partly(words: Words, due: Due) -> Html:
    row = due.row
    return parts.state(
        "waits",
        texts.PARTLY_TITLE.to(words),
        parts.facts(
            [
                (texts.ALREADY_PAID.to(words), money(words, row["paid_minor"], row["currency"])),
                (texts.OUTSTANDING.to(words), money(words, due.outstanding or 0, row["currency"])),
            ]
        ),
    )


def last_failure(due: Due, default: Said) -> Said:
    """Return what to say of a payment that brought nothing: the last one."""
    return texts.DEPOSIT_OVER if due.payments and due.payments[-1]["code"] in NO_DEPOSIT else default


def _is_fixed(due: Due) -> bool:
    return due.row["due_minor"] is not None and not due.row["parts"]


def _bounds(due: Due) -> tuple[int, int | None]:
    """Return the least and the most that one payment may bring; None = no bound."""
    row, outstanding = due.row, due.outstanding
    if outstanding is None:
        return row["minimum_minor"], row["maximum_minor"]
    return (min(row["minimum_minor"], outstanding), outstanding) if row["parts"] else (outstanding, outstanding)


def _bounds_text(words: Words, low: int, high: int | None, currency: str) -> str:
    if low <= 1 and high is not None:
        return texts.UP_TO.to(words, high=money(words, high, currency))
    if high is None:
        return texts.AT_LEAST.to(words, low=money(words, low, currency))
    return texts.BOUNDS.to(words, low=money(words, low, currency), high=money(words, high, currency))


def _amount_field(visit: Visit, due: Due) -> Html:
    words, currency = visit.words, due.row["currency"]
    low, high = _bounds(due)
    unit = {"KRW": texts.IN_WON, "IRR": texts.IN_RIALS}.get(currency)
    label = f"{texts.YOUR_AMOUNT.to(words)} ({currency if unit is None else unit.to(words)})"
    typed = visit.field("amount") if visit.asked.named == STEP else ""
    if not typed and due.outstanding is not None and EXPONENTS.get(currency) == 0:
        typed = digits(words, due.outstanding)
    return parts.field(
        "amount",
        label,
        value=typed,
        longest=24,
        kind="numeric",
        below=_bounds_text(words, low, high, currency),
        left_to_right=True,
    )
