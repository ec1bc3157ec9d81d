"""Issuing a document: figures from facts up to a position, files made once and kept, then the fact that says so.

The same request again finds what it has made before, so a blind retry never makes a second document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import orjson
import structlog

from aggregates import document, ids
from aggregates.dates import KST, business_date, rfc3339
from aggregates.document import DocumentFile, stamped_number
from aggregates.errors import Malformed, Rejected
from api.access import hidden
from api.ask import Ask
from api.document_bodies import DocumentBody
from api.owners import OwnerQuery, account_of
from api.reply import Reply, of_outcome
from api.routes.spends import spending_member
from api.views import Seen
from ledger.commands.documents import IssueDocument
from ledger.commands.orders import OrderNotFound
from ledger.documents.company import Company, CompanyUnknown
from ledger.documents.content import canonical, content_of, digest
from ledger.documents.render import render
from ledger.vault import VaultUnavailable
from ledger.vault.documents import CONTENT, FILE, YEARS, Reserved
from ledger.vault.people import years_after
from projections import order_queries
from projections.papers import PAPERS, transaction_statement
from projections.papers.stored import Standing, account_at, head

log = structlog.get_logger("api")

MILLISECOND = timedelta(milliseconds=1)
PAYMENT_NUMBER = re.compile(r"(?!doc_|MCOM)[A-Za-z0-9][A-Za-z0-9._-]{3,59}")
"""A payment number that can be a document's number as it is: plain, and nobody else's."""

SUBS_KINDS = (document.TRANSACTION_STATEMENT, document.QUOTE)
"""What a sub-member's key may have issued (SPEC 1.4, R-096)."""


class DocumentNotForSubs(Rejected):
    """A sub-member has documents about its own orders and quotes issued; the others are its master's (SPEC 1.4)."""

    code = "document_not_for_subs"


class Wish(NamedTuple):
    """What is to be issued.

    Attributes:
        account_id: None = about all accounts. member_id: whose sub-member's it is.
        subject: what it is about, for lists. basis: what its figures are made from.
    """

    account_id: str | None
    member_id: str | None
    subject: str
    basis: dict[str, Any]


class Made(NamedTuple):
    """Figures, and where they were taken."""

    position: int
    account: Standing | None
    figures: dict[str, Any]


async def issue(ask: Ask, body: DocumentBody) -> Reply:
    """Issue a document; the same request again is answered with the same one."""
    shelf = ask.house.vault.documents
    principal, key, mark = ask.caller.principal, ask.key, ask.call().request_hash
    assert key is not None, "a POST has a key"
    known = await shelf.reserve(principal, key, mark=mark)
    if known is None or known.issue is None:
        # Typesetting may take longer than a request may: it goes on, and the same request finds it.
        making = ask.house.making.once((principal, key, mark), partial(_make, ask, body, key, mark), kept_s=0)
        known = await making
    assert known.issue is not None, "it was just made"
    outcome = await ask.house.engine.submit(read_issue(known.issue), ask.call())
    try:
        await shelf.settle(known.token, issued=outcome.status < 400)
    except VaultUnavailable:
        log.warning("a document is left to be settled", request_id=ask.request_id)
    return of_outcome(outcome)


async def _make(ask: Ask, body: DocumentBody, key: str, mark: str) -> Reserved:
    """Make figures and files, and keep them under a number."""
    company = issuer(ask)
    wish = await _wished(ask, body)
    made = await make(ask, body.kind, wish)
    reserved = await ask.house.vault.documents.reserve(
        ask.caller.principal, key, mark=mark, numbers=numbers(body.kind, made.figures, ask.now())
    )
    assert reserved is not None, "there were numbers to try"
    basis = wish.basis
    version = None if made.account is None else made.account.version
    content = content_of(
        kind=body.kind,
        language=body.language,
        number=reserved.number,
        issued_at=rfc3339(reserved.issued_at),
        position=made.position,
        account_version=version,
        supplier=company.block(body.language),
        recipient=recipient(wish, made.account, body.email),
        basis=basis,
        figures=made.figures,
    )
    offered = PAPERS[body.kind].formats
    formats = [form for form in offered if form == "json" or body.formats is None or form in body.formats]
    files = await render(content, formats)
    written = canonical(content)
    retain_until = years_after(business_date(reserved.issued_at), YEARS)
    command = IssueDocument(
        number=reserved.number,
        kind=body.kind,
        language=body.language,
        account_id=wish.account_id,
        member_id=wish.member_id,
        subject=wish.subject,
        position=made.position,
        account_version=version,
        content_digest=digest(written),
        files=tuple(DocumentFile(form, digest(file), len(file)) for form, file in files.items()),
        token=reserved.token,
        issued_at=reserved.issued_at,
        retain_until=retain_until,
        presented_on=body.transaction_date,
    )
    kept = {CONTENT: written, **{FILE + form: file for form, file in files.items() if form != "json"}}
    issued = await ask.house.vault.documents.keep(
        reserved.token, kept, issue=orjson.dumps(command), retain_until=retain_until
    )
    return reserved._replace(issue=issued)


def issuer(ask: Ask) -> Company:
    """Return the company that issues documents. Raises: CompanyUnknown."""
    if ask.house.company is None:
        raise CompanyUnknown("documents name who issues them: the operator has to set LEDGER_COMPANY_FILE")
    return ask.house.company


def read_issue(written: bytes) -> IssueDocument:
    """Return the command that was kept with a document's files."""
    values = orjson.loads(written)
    values["files"] = tuple(DocumentFile(**file) for file in values["files"])
    values["issued_at"] = datetime.fromisoformat(values["issued_at"])
    for name in ("retain_until", "presented_on"):
        values[name] = None if values[name] is None else date.fromisoformat(values[name])
    return IssueDocument(**{field.name: values[field.name] for field in fields(IssueDocument)})


def recipient(wish: Wish, account: Standing | None, email: str | None) -> dict[str, Any]:
    """Return whom a document is for: the company, and whom of it. Source: SPEC T3, T4, R-096."""
    return {
        "account_id": wish.account_id,
        "name": None if account is None else account.name,
        "member_id": wish.member_id,
        "email": email,
    }


async def make(ask: Ask, kind: str, wish: Wish, position: int | None = None) -> Made:
    """Make the figures of a document.

    Args:
        position: of the ledger; None = the newest.

    Raises:
        LedgerError: as of the kind's figures. ViewBehind: what they are read from is not there yet.
    """
    paper = PAPERS[kind]
    if position is None:
        async with ask.house.views.connect() as conn:
            position = await head(conn)
    lent = ask.house.views.see(*paper.views, at_least=position) if paper.views else ask.house.views.connect()
    async with lent as seen:
        conn = seen.conn if isinstance(seen, Seen) else seen
        account = None if wish.account_id is None else await account_at(conn, wish.account_id, position)
        figures = await paper.figures(conn, wish.basis, position)
    return Made(position, account, figures)


def numbers(kind: str, figures: dict[str, Any], now: datetime) -> Iterator[tuple[str, datetime]]:
    """Yield the numbers that a document may have, best first, each with the instant of its issue.

    A receipt has the payment's number, an invoice its own, all others the moment; the next millisecond, or -2, -3, ...
    where that one is taken.

    Source: SPEC T3, I10, C5.
    """
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    named = _named(kind, figures)
    count = 1
    while True:
        if named is None:
            yield stamped_number(at.astimezone(KST)), at
            at += MILLISECOND
        else:
            yield named if count == 1 else f"{named}-{count}", at
        count += 1


def _named(kind: str, figures: dict[str, Any]) -> str | None:
    match kind:
        case document.CHARGE_RECEIPT | document.CANCELLATION_RECEIPT:
            plain = PAYMENT_NUMBER.fullmatch(figures["payment_no"]) is not None
            number: str = figures["payment_no" if plain else "charge_id"]
            return f"{number}-C" if kind == document.CANCELLATION_RECEIPT else number
        case document.QUOTE:
            return str(figures["quote_number"])
        case document.INVOICE:
            return str(figures["invoice_number"])
    return None


# -- what is wished for, and whether the caller may -----------------------------------------------------------------


async def _wished(ask: Ask, body: DocumentBody) -> Wish:
    """Return what a request wants, after checking that it is the caller's to want.

    Raises:
        DocumentNotForSubs. NotFound: what it is about is not there, or not the caller's.
    """
    if ask.caller.member_id is not None and body.kind not in SUBS_KINDS:
        raise DocumentNotForSubs("a sub-member's key has transaction statements and quotes of its own issued")
    match body.kind:
        case "account_statement":
            account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
            first, last = str(body.from_date), str(body.to_date)
            basis = {"account_id": account_id, "from": first, "to": last, "version": body.version}
            return Wish(account_id, None, f"{first}/{last}", basis)
        case "charge_receipt" | "cancellation_receipt":
            return _about(ask, "charge_id", "chg", body.charge_id or "")
        case "quote":
            return await _quote(ask, body.quote_id or "")
        case "transaction_statement":
            return await _orders(ask, body)
        case "invoice":
            wish = _about(ask, "invoice_id", "inv", body.invoice_id or "")
            presented = None if body.transaction_date is None else str(body.transaction_date)
            return wish._replace(basis={**wish.basis, "transaction_date": presented})
        case "refund_report":
            return await _refunds(ask, body)


def _about(ask: Ask, name: str, prefix: str, child_id: str) -> Wish:
    """Return a wish for a document about one thing of an account. Raises: NotFound."""
    account_id = ids.parse(child_id, prefix).account_id
    if ask.caller.account_id not in (None, account_id):
        raise hidden()
    return Wish(account_id, None, child_id, {name: child_id})


async def _quote(ask: Ask, quote_id: str) -> Wish:
    wish = _about(ask, "quote_id", "qte", quote_id)
    made = await make(ask, document.QUOTE, wish)
    member_id: str | None = made.figures["member_id"]
    if ask.caller.member_id not in (None, member_id):
        raise hidden()
    return wish._replace(member_id=member_id)


async def _orders(ask: Ask, body: DocumentBody) -> Wish:
    """Return a wish for a statement of orders: those named, or all that can be stated (SPEC T1, T4, R-096, R-097)."""
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    member_id = spending_member(ask.caller, body.member_id)
    wanted = None if body.order_ids is None else sorted(set(body.order_ids))
    async with ask.house.views.connect() as conn:
        position = await head(conn)
    async with ask.house.views.see("orders", at_least=position) as (conn, _):
        found = await order_queries.standing_of(conn, account_id, wanted, member_id)
    if wanted is not None and len(found) < len(wanted):
        raise OrderNotFound("one of these orders is not there")
    transaction_statement.check(found)
    order_ids = [order["id"] for order in found]
    subject = found[-1]["number"] if len(found) == 1 else f"{found[0]['number']}/{found[-1]['number']}"
    return Wish(account_id, member_id, subject, {"account_id": account_id, "order_ids": order_ids})


async def _refunds(ask: Ask, body: DocumentBody) -> Wish:
    account_id = body.account_id
    if ask.caller.account_id is not None or account_id is not None:
        account_id = await account_of(ask, OwnerQuery(account_id=account_id))
    currency = body.currency or "KRW"
    if account_id is not None:
        own = (await ask.account(account_id)).account.currency
        if body.currency not in (None, own):
            raise Malformed("currency must be that of the account", field="currency")
        currency = own
    month = body.month or ""
    return Wish(account_id, None, month, {"account_id": account_id, "month": month, "currency": currency})
