"""Payment links: pay this amount, or one of your own, by that day; as an address and as a QR code (SPEC 11.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson

from aggregates.account.standing import AccountIsClosed
from aggregates.account.transfers import CurrencyMismatch
from aggregates.collecting import obligation_parts as due
from aggregates.collecting import payment_link, payment_link_terms
from aggregates.collecting.obligation_parts import ObligationPaid
from aggregates.collecting.payment_link import LinkDeactivated, LinkExpired, LinkNotFound, LinkSuperseded
from aggregates.errors import LedgerError, Malformed, NotFound, Rejected
from api import shapes
from api.access import filtered, own_child
from api.ask import Ask, page_reply
from api.fields import EMAIL
from api.operation import operation, reads, writes
from api.owners import OwnerQuery, account_of, reading_of
from api.payment_link_bodies import (
    DeactivateLinkBody,
    LinkPayerBody,
    LinkPaymentBody,
    LinksQuery,
    PaymentLinkBody,
    QrQuery,
    SupersedeLinkBody,
)
from api.public_addresses import first_link_of, link_of
from api.qr import MEDIA, drawn
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view, position_header
from api.routes.payments import GatewayNotConfigured
from ledger.command import Command
from ledger.commands.collecting.payment_links import (
    DeactivatePaymentLink,
    IssuePaymentLink,
    PayByLink,
    SupersedePaymentLink,
)
from ledger.recipients import read_mobile
from ledger.vault import MASK
from ledger.vault.request_papers import Contact
from projections import payment_links as links_view
from projections import tellings as tellings_view

OWN = own_child("link_id", "lnk")
VIEWS = ("payment_links", "obligations", "tellings")
HANDS_OVER = frozenset({"service", "operator", "master"})
"""Roles that are shown the link itself."""

TITLE = "title"

RULES = (*rules(payment_link, payment_link_terms), AccountIsClosed)


class LinkPayerInvalid(Rejected):
    """A payer has a mobile number, an e-mail address, or both, and one for each channel that the link goes by."""

    code = "link_payer_invalid"


@operation(
    "POST",
    "/v1/payment-links",
    scope="collections:write",
    rule=filtered,
    body=PaymentLinkBody,
    answer=shapes.IssuedPaymentLink,
    status=201,
    raises=(*RULES, CurrencyMismatch, LinkPayerInvalid),
)
async def issue_payment_link(ask: Ask, body: PaymentLinkBody) -> Reply:
    """Make a payment link; where a payer and channels are named, it is sent.

    It can be paid until the end of its last day in its time zone. Money counts when it has settled, also after that
    day where the payment was started before. The account's people are told of payment and of expiry.
    """
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    await ask.check_currency({"body": body, "account_id": account_id})
    papers = LinkPapers(ask, body.expires_on)
    to = await papers.payer(body.payer, body.send)
    words = await papers.title(body.title)
    command = IssuePaymentLink(
        account_id,
        body.amount,
        body.expires_on,
        body.time_zone,
        minimum_minor=body.minimum,
        maximum_minor=body.maximum,
        parts=body.parts,
        max_uses=body.max_uses,
        to=to,
        words=words,
        channels=tuple(body.send),
        reference=body.reference,
    )
    return await papers.submit(command, body)


@reads(
    "/v1/payment-links",
    scope="collections:read",
    rule=filtered,
    query=LinksQuery,
    answer=shapes.list_of(shapes.ListedPaymentLink),
)
async def list_payment_links(ask: Ask, query: LinksQuery) -> Reply:
    """List an account's payment links, newest first, of one status if you like."""
    account_id = await account_of(ask, OwnerQuery(account_id=query.account_id))
    async with ask.see(*VIEWS) as (conn, position):
        page = await links_view.page(
            conn, account_id, ask.now(), status=query.status, cursor=query.cursor, limit=query.limit
        )
    for item in page.items:
        del item["to"], item["words"]
    return page_reply(page, position)


@reads(
    "/v1/payment-links/{link_id}",
    scope="collections:read",
    rule=OWN,
    answer=shapes.PaymentLinkDetail,
    raises=(LinkNotFound,),
)
async def get_payment_link(ask: Ask, link_id: str) -> Reply:
    """Read a payment link with what was paid by it, and who was told.

    The payer is masked for everybody but the payee.
    """
    async with ask.see(*VIEWS) as (conn, position):
        row = await links_view.find(conn, link_id, ask.now())
        uses = await links_view.uses(conn, row)
        tellings = await tellings_view.of_thing(conn, link_id)
    shape = links_view.body(row)
    to, words = shape.pop("to"), shape.pop("words")
    more = {
        "link": await _shown_link(ask, row),
        "title": await _title(ask, words),
        "payer": await _payer(ask, to),
        "uses": uses,
        "tellings": tellings,
    }
    return of_view(shape | more, position)


@reads(
    "/v1/payment-links/{link_id}/qr",
    scope="collections:write",
    rule=OWN,
    query=QrQuery,
    media_type="image/svg+xml, image/png",
    raises=(LinkNotFound, LinkExpired, LinkDeactivated, LinkSuperseded, ObligationPaid),
)
async def get_payment_link_qr(ask: Ask, link_id: str, query: QrQuery) -> Reply:
    """Draw a payment link as a QR code, SVG or PNG, to print or to show."""
    async with ask.see(*VIEWS) as (conn, position):
        row = await links_view.find(conn, link_id, ask.now())
    _require_open(row)
    link = await _shown_link(ask, row)
    if link is None:
        raise LinkNotFound("the payer of this link was forgotten; issue a new one")
    image = drawn(link, query.format)
    return Reply(200, image, (position_header(position),), MEDIA[query.format])


@operation(
    "POST",
    "/v1/payment-links/{link_id}/supersede",
    scope="collections:write",
    rule=OWN,
    body=SupersedeLinkBody,
    answer=shapes.IssuedPaymentLink,
    status=201,
    raises=(*RULES, LinkPayerInvalid),
)
async def supersede_payment_link(ask: Ask, link_id: str, body: SupersedeLinkBody) -> Reply:
    """Let a link expire and issue another one for the same, in one step.

    What was paid stays paid, a payment under way still counts, and the old link is dead at once.
    """
    papers = LinkPapers(ask, body.expires_on)
    to = await papers.payer(body.payer, body.send or [])
    channels = None if body.send is None else tuple(body.send)
    command = SupersedePaymentLink(link_id, body.expires_on, body.time_zone, body.max_uses, to, channels)
    return await papers.submit(command, body)


@writes(
    "/v1/payment-links/{link_id}/deactivate",
    scope="collections:write",
    rule=OWN,
    body=DeactivateLinkBody,
    answer=shapes.PaymentLinkEnded,
    raises=(*RULES, ObligationPaid),
)
async def deactivate_payment_link(ask: Ask, link_id: str, body: DeactivateLinkBody) -> DeactivatePaymentLink:
    """End a link that nobody is paying by."""
    return DeactivatePaymentLink(link_id, body.reason)


@writes(
    "/v1/payment-links/{link_id}/payments",
    scope="collections:write",
    rule=OWN,
    body=LinkPaymentBody,
    answer=shapes.CollectionPayment,
    status=201,
    raises=(*RULES, *rules(due), GatewayNotConfigured, CurrencyMismatch),
)
async def pay_by_link(ask: Ask, link_id: str, body: LinkPaymentBody) -> PayByLink:
    """Start a payment by a link at the gateway, for its payer.

    It is pending until the gateway has answered. Each use of a link for many opens a due item of its own.
    """
    if ask.house.ports is None:
        raise GatewayNotConfigured("this ledger has no payment gateway; confirm what was paid elsewhere")
    return PayByLink(link_id, body.amount, body.method, body.reference)


async def _shown_link(ask: Ask, row: dict[str, Any]) -> str | None:
    """Return the link of a row to who may hand it over; None for everybody else, and when it has ended."""
    if ask.caller.role not in HANDS_OVER or row["status"] not in ("active", "payment_pending"):
        return None
    return await link_of(ask.house, row["link_id"], row["to_token"])


async def _title(ask: Ask, token: str | None) -> str | None:
    if token is None:
        return None
    found = await ask.house.vault.requests.words([token], reading_of(ask, "show a payment link"))
    return found.get(token, {}).get(TITLE)


async def _payer(ask: Ask, token: str | None) -> dict[str, Any] | None:
    if token is None:
        return None
    found = await ask.house.vault.requests.contacts([token], reading_of(ask, "show a payment link"))
    contact = found.get(token, Contact(MASK, "", ""))
    return {"name": contact.name, "phone": contact.phone or None, "email": contact.email or None}


def _require_open(row: dict[str, Any]) -> None:
    """Refuse to draw what nobody can pay by. Raises: LinkSuperseded, ObligationPaid, LinkDeactivated, LinkExpired."""
    refusals: dict[str, tuple[type[LedgerError], str]] = {
        "paid": (ObligationPaid, "the link is paid"),
        "deactivated": (LinkDeactivated, "the payee has ended this link"),
        "expired": (LinkExpired, "the last day of this link is over"),
    }
    if row["ended"] == "superseded":
        raise LinkSuperseded("another link was issued in the place of this one")
    if row["status"] in refusals:
        refusal, text = refusals[row["status"]]
        raise refusal(text)


class LinkPapers:
    """What a request about a link brings for the vault; what a refused one has brought is forgotten.

    Args:
        ask: the request. until: last day of the link; the law's years begin after it.
    """

    def __init__(self, ask: Ask, until: date) -> None:
        self._ask = ask
        self._vault = ask.house.vault.requests
        self._until = self._vault.keep_until(until)
        self._fresh: list[str] = []
        self._before = -1

    async def payer(self, body: LinkPayerBody | None, send: Sequence[str]) -> str | None:
        """Keep who shall pay; return the token, None = nobody is named.

        Raises:
            LinkPayerInvalid. KeyReused: the key came with somebody else before. VaultUnavailable.
        """
        if body is None:
            return None
        phone, email = read_mobile(body.phone) if body.phone else "", body.email.strip()
        if (body.phone and not phone) or (email and not EMAIL.fullmatch(email)) or not (phone or email):
            raise LinkPayerInvalid("payer needs a mobile number or an e-mail address", field="payer")
        if ("email" in send and not email) or (not {"sms", "alimtalk"}.isdisjoint(send) and not phone):
            raise LinkPayerInvalid("payer needs a number or an address for each channel of send", field="send")
        await self._note_position()
        contact = Contact(body.name.strip(), phone, email)
        return self._kept(await self._vault.put_contact(*self._named, contact, self._until))

    async def title(self, text: str | None) -> str | None:
        """Keep what a link is for; return the token. Raises: KeyReused, VaultUnavailable."""
        if text is None:
            return None
        await self._note_position()
        return self._kept(await self._vault.put_words(*self._named, {TITLE: text}, self._until))

    async def submit(self, command: Command, body: Any) -> Reply:
        """Do a command that issues a link; put the link into its answer, in the place of the payer's token.

        What was kept for a command that had been recorded before is a person's that was erased since: it is forgotten
        again.
        """
        try:
            outcome = await self._ask.house.engine.submit(command, self._ask.call(body))
        except (NotFound, Malformed):
            await self._forget()
            raise
        if outcome.status >= 400 or (outcome.replayed and outcome.position <= self._before):
            await self._forget()
        if outcome.status >= 400:
            return of_outcome(outcome)
        issued = orjson.loads(outcome.body)
        to, words = issued.pop("to"), issued.pop("words")
        if issued["replaces"] is not None and not outcome.replayed:
            await self._vault.keep([token for token in (to, words) if token is not None], self._until)
        issued["link"] = await first_link_of(self._ask.house, issued["id"], to)
        return of_outcome(outcome)._replace(body=orjson.dumps(issued))

    async def _note_position(self) -> None:
        if self._before < 0:
            self._before = await self._ask.position()

    def _kept(self, kept: tuple[str, bool]) -> str:
        token, is_new = kept
        if is_new:
            self._fresh.append(token)
        return token

    async def _forget(self) -> None:
        for token in self._fresh:
            await self._ask.house.vault.erase(token)

    @property
    def _named(self) -> tuple[str, str]:
        assert self._ask.key is not None, "a POST has a key"
        return self._ask.caller.principal, self._ask.key
