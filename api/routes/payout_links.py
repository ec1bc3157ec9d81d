"""Pay-out links: somebody is paid by two clicks, and enters where to (SPEC 11.2, R-135 to R-137).

Whoever acts for the payee sends a code to the payee's phone first. Numbers go to the vault before anything is recorded;
facts hold their tokens, answers their last digits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg

from aggregates.account import payout_funds, standing
from aggregates.account.transfers import CurrencyMismatch
from aggregates.billing_key import BillingKeyNotActive, BillingKeyNotFound
from aggregates.collecting import obligation_parts, payout_link
from aggregates.collecting.payout_link import PayoutLinkNotFound
from aggregates.collecting.payout_link_facts import DETAILS_SUBMITTED, ISSUED, PAYOUT_FAILED
from aggregates.dates import business_date
from aggregates.errors import Conflict, LedgerError, Rejected
from api.access import filtered, hidden, own_child
from api.ask import Ask, page_reply
from api.operation import operation, reads, writes
from api.owners import account_of, reading_of
from api.payout_link_bodies import (
    PayoutDetailsBody,
    PayoutLinkBody,
    PayoutLinksQuery,
    PayoutReasonBody,
    PayoutVersionBody,
    PayPayoutBody,
    RejectPayoutBody,
)
from api.problems import TooManyRequests
from api.public_addresses import link_of
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view
from api.routes.payments import GatewayNotConfigured
from api.shapes import payout_links as shapes
from api.shapes.base import list_of
from ledger.commands.collecting import payout_links as commands
from ledger.commands.collecting.payout_links import (
    ApprovePayout,
    CancelPayoutLink,
    IssuePayoutLink,
    PayPayoutLink,
    RefundPayoutLink,
    RejectPayout,
    SubmitPayoutDetails,
)
from ledger.commands.payments import BillingKeyForCards
from ledger.ports.otp import LIFE_S
from ledger.recipients import read_phone
from ledger.vault import Reading
from ledger.vault import payouts as vault_payouts
from ledger.vault.payouts import ACCOUNT, CARD, Payee, read_destination
from projections import payout_links as links_view

OWN = own_child("payout_link_id", payout_link.PREFIX)
OPEN = (ISSUED, DETAILS_SUBMITTED, PAYOUT_FAILED)
"""States in which details are taken."""

SEES_LINKS = ("master", "operator", "service")
"""Roles that may hand links to pages over."""

RULES: tuple[type[LedgerError], ...] = (*rules(payout_link, standing), PayoutLinkNotFound)


class PayeePhoneInvalid(Rejected):
    """The payee's number is not a mobile number; the code before the details goes to it."""

    code = "payee_phone_invalid"


class PayoutCodeWrong(Rejected):
    """The code is not the one that was sent to the payee's phone, or its time is over."""

    code = "payout_code_wrong"


class CodesNotSent(Conflict):
    """This ledger cannot send codes."""

    code = "codes_not_sent"


@operation(
    "POST",
    "/v1/payout-links",
    scope="collections:write",
    rule=filtered,
    body=PayoutLinkBody,
    answer=shapes.PayoutLink,
    status=201,
    raises=(*RULES, PayeePhoneInvalid, CurrencyMismatch),
)
async def issue_payout_link(ask: Ask, body: PayoutLinkBody) -> Reply:
    """Ask somebody where to be paid; they get a link by Alimtalk, SMS or e-mail, and nothing is paid yet."""
    if ask.caller.account_id not in (None, body.account_id):
        raise hidden()
    await ask.house.engine.account(body.account_id)
    await ask.check_currency({"body": body})
    phone = read_phone(body.payee.phone)
    if not phone:
        raise PayeePhoneInvalid("payee.phone must be a mobile number", field="payee.phone")
    assert ask.key is not None, "a POST has a key"
    payee = Payee(body.payee.name.strip(), phone, body.payee.email or "")
    until = body.expires_on or business_date(ask.now())
    token, new = await ask.house.vault.payouts.put_payee(ask.caller.principal, ask.key, payee, until)
    command = IssuePayoutLink(
        body.account_id,
        body.amount,
        token,
        tuple(body.channels),
        body.expires_on,
        body.approval_required,
        body.reference,
    )
    outcome = await ask.house.engine.submit(command, ask.call(body))
    if outcome.status >= 400 and new:
        await ask.house.vault.erase(token)
    return of_outcome(outcome)


@reads(
    "/v1/payout-links",
    scope="collections:read",
    rule=filtered,
    query=PayoutLinksQuery,
    answer=list_of(shapes.ListedPayoutLink),
)
async def list_payout_links(ask: Ask, query: PayoutLinksQuery) -> Reply:
    """List an account's pay-out links, newest first."""
    account_id = await account_of(ask, query)
    async with ask.see("payout_links") as (conn, position):
        page = await links_view.page(conn, account_id, status=query.status, cursor=query.cursor, limit=query.limit)
    await _name(ask, page.items, "list pay-out links")
    return page_reply(page, position)


@reads(
    "/v1/payout-links/{payout_link_id}",
    scope="collections:read",
    rule=OWN,
    answer=shapes.ListedPayoutLink,
    raises=(PayoutLinkNotFound,),
)
async def get_payout_link(ask: Ask, payout_link_id: str) -> Reply:
    """Read a pay-out link: where the money shall go, masked, the bank's word on its holder, and what became of it."""
    async with ask.see("payout_links") as (conn, position):
        row = await links_view.one(conn, payout_link_id)
    found = links_view.body(row)
    await _name(ask, [found], "read a pay-out link")
    await _add_links(ask, found, row["payee"])
    return of_view(found, position)


@operation(
    "POST",
    "/v1/payout-links/{payout_link_id}/codes",
    scope="collections:pay",
    rule=OWN,
    answer=shapes.PayoutCode,
    status=201,
    raises=(PayoutLinkNotFound, payout_link.WrongPayoutStatus, CodesNotSent),
)
async def send_payout_code(ask: Ask, payout_link_id: str) -> Reply:
    """Send the payee's phone a code, without which no details are taken; it lives 3 minutes and five tries."""
    ports = ask.house.ports
    if ports is None:
        raise CodesNotSent("this ledger cannot send codes")
    async with ask.house.views.see("payout_links", at_least=await ask.position()) as (conn, position):
        row = await links_view.one(conn, payout_link_id)

    async def sent(_: psycopg.AsyncConnection) -> tuple[int, dict[str, Any]]:
        if row["status"] not in OPEN:
            raise payout_link.WrongPayoutStatus(
                "details are not taken as the pay-out link stands",
                payout_status=row["status"],
                possible_from=list(OPEN),
            )
        if not ask.house.payout_codes.take(payout_link_id):
            raise TooManyRequests("too many codes were sent to this phone; wait a minute")
        assert ask.key is not None, "a POST has a key"
        code_id = ask.house.vault.payouts.code_id(ask.caller.principal, ask.key)
        payee = await ask.house.vault.get(row["payee"], Reading(ask.caller.principal, "send a code", ask.request_id))
        await ports.otp.send(payee["phone"], code_key(payout_link_id, code_id))
        return 201, {"id": payout_link_id, "code_id": code_id, "expires_in": LIFE_S}

    return of_outcome(await ask.house.vault.answered.once(ask.call(), position, sent))


@operation(
    "POST",
    "/v1/payout-links/{payout_link_id}/details",
    scope="collections:pay",
    rule=OWN,
    body=PayoutDetailsBody,
    answer=shapes.PayoutDetailsTaken,
    status=201,
    raises=(*RULES, *rules(vault_payouts), PayoutCodeWrong, CodesNotSent),
)
async def submit_payout_details(ask: Ask, payout_link_id: str, body: PayoutDetailsBody) -> Reply:
    """Take where the money shall go, for the payee: an account, or a card; a new version each time.

    The link by which the creator could pay before is dead; a new one follows once the bank has said whose account it
    is. From the creator's payment on nothing is changed any more.
    """
    if ask.house.ports is None:
        raise CodesNotSent("this ledger cannot send codes")
    kind = ACCOUNT if body.account_number is not None else CARD
    number = body.account_number or body.card_number or ""
    destination = read_destination(kind, number=number, holder=body.holder, bank=body.bank or "")
    refused = await _check_code(ask, payout_link_id, body)
    if refused is not None:
        return refused
    assert ask.key is not None, "a POST has a key"
    token, new = await ask.house.vault.payouts.put_destination(ask.caller.principal, ask.key, destination)
    outcome = await ask.house.engine.submit(SubmitPayoutDetails(payout_link_id, kind, token), ask.call(body))
    if outcome.status >= 400 and new:
        await ask.house.vault.erase(token)
    return of_outcome(outcome)


@writes(
    "/v1/payout-links/{payout_link_id}/approve",
    scope="collections:write",
    rule=OWN,
    body=PayoutVersionBody,
    answer=shapes.PayoutApproved,
    raises=RULES,
)
def approve_payout(ask: Ask, payout_link_id: str, body: PayoutVersionBody) -> ApprovePayout:
    """Approve where the money goes, as another person than who issued the link; other details need it again."""
    return ApprovePayout(payout_link_id, body.version)


@writes(
    "/v1/payout-links/{payout_link_id}/reject",
    scope="collections:write",
    rule=OWN,
    body=RejectPayoutBody,
    answer=shapes.PayoutRejected,
    raises=(*RULES, *rules(obligation_parts), *rules(payout_funds), commands.PayoutNotRefundable),
)
def reject_payout(ask: Ask, payout_link_id: str, body: RejectPayoutBody) -> RejectPayout:
    """Refuse to have it paid, as another person than who issued the link; what is held goes back the way it came."""
    return RejectPayout(payout_link_id, body.version, body.reason)


@writes(
    "/v1/payout-links/{payout_link_id}/pay",
    scope="collections:write",
    rule=OWN,
    body=PayPayoutBody,
    answer=shapes.PayoutPaying,
    raises=(
        *RULES,
        *rules(obligation_parts),
        commands.PayMethodRequired,
        GatewayNotConfigured,
        BillingKeyForCards,
        BillingKeyNotFound,
        BillingKeyNotActive,
    ),
)
async def pay_payout_link(ask: Ask, payout_link_id: str, body: PayPayoutBody) -> PayPayoutLink:
    """Pay at the gateway, for the details that were shown and no others; the money is held, then paid out, once.

    After a failed pay-out the held money is paid to other details instead, without another payment.
    """
    if body.method is not None and ask.house.ports is None:
        raise GatewayNotConfigured("this ledger has no payment gateway, so nothing can be paid in for a pay-out")
    if body.billing_key_id is not None:
        if body.method != "card":
            raise BillingKeyForCards("billing_key_id is for payments by card")
        await ask.house.engine.freshen(body.billing_key_id)
    return PayPayoutLink(payout_link_id, body.version, body.method, body.billing_key_id)


@writes(
    "/v1/payout-links/{payout_link_id}/refund",
    scope="collections:write",
    rule=OWN,
    body=PayoutReasonBody,
    answer=shapes.PayoutRefund,
    raises=(*RULES, *rules(obligation_parts), *rules(payout_funds), commands.PayoutNotRefundable),
)
def refund_payout_link(ask: Ask, payout_link_id: str, body: PayoutReasonBody) -> RefundPayoutLink:
    """Give the creator back what is held after a failed pay-out, the way it came."""
    return RefundPayoutLink(payout_link_id, body.reason)


@writes(
    "/v1/payout-links/{payout_link_id}/cancel",
    scope="collections:write",
    rule=OWN,
    body=PayoutReasonBody,
    answer=shapes.PayoutLinkEnded,
    raises=RULES,
)
def cancel_payout_link(ask: Ask, payout_link_id: str, body: PayoutReasonBody) -> CancelPayoutLink:
    """Withdraw a pay-out link while nothing is paid."""
    return CancelPayoutLink(payout_link_id, body.reason)


def code_key(payout_link_id: str, code_id: str) -> str:
    """Return the name of a code at its provider: of one link alone."""
    return f"{payout_link_id}:{code_id}"


async def _check_code(ask: Ask, payout_link_id: str, body: PayoutDetailsBody) -> Reply | None:
    """Look at the code once for each request, so that the same request again is the same; return a refusal.

    Raises:
        PortUnavailable, VaultUnavailable.
    """
    ports = ask.house.ports
    assert ports is not None, "it was asked before"

    async def verified(_: psycopg.AsyncConnection) -> tuple[int, dict[str, Any]]:
        told = await ports.otp.verify(code_key(payout_link_id, body.code_id), body.code)
        if told != "right":
            raise PayoutCodeWrong("the code is wrong, used or too old; send the payee's phone another one", told=told)
        return 200, {}

    call = ask.call(body)
    checked = await ask.house.vault.answered.once(call._replace(key=f"{call.key}:code"), await ask.position(), verified)
    return of_outcome(checked) if checked.status >= 400 else None


async def _name(ask: Ask, items: Iterable[dict[str, Any]], purpose: str) -> None:
    """Put people and last digits into the place of tokens; people in clear for the account's own key."""
    rows = list(items)
    payees = await ask.house.vault.payouts.payees((each["payee"] for each in rows), reading_of(ask, purpose))
    detailed = [each["details"] for each in rows if each["details"] is not None]
    shown = await ask.house.vault.payouts.masked(each["destination"] for each in detailed)
    for each in rows:
        each["payee"] = payees[each["payee"]]._asdict()
        each["link"] = each["pay_link"] = None
    for details in detailed:
        destination = shown[details.pop("destination")]
        details |= {"bank": destination.bank, "account_number": destination.account_number}
        details["holder"] = destination.holder


async def _add_links(ask: Ask, found: dict[str, Any], payee: str) -> None:
    """Show the links to the two pages where they can still be used, to whom may hand them over."""
    if ask.caller.role not in SEES_LINKS or found["status"] not in OPEN:
        return
    found["link"] = await link_of(ask.house, found["id"], payee)
    details = found["details"]
    if details is not None and details["holder_check"] is not None:
        pay = await ask.house.vault.public_links.make(found["id"], None, generation=details["version"])
        found["pay_link"] = f"{ask.house.public_url}/p/{pay}"
