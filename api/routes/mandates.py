"""Mandates: payers are asked, enter their account and consent; banks have the last word (SPEC 10.2)."""

from __future__ import annotations

from typing import Any

from aggregates.account import standing
from aggregates.account.transfers import CurrencyMismatch
from aggregates.collecting import mandate, onboarding
from aggregates.errors import Rejected
from api.access import filtered, own_child
from api.ask import Ask, page_reply
from api.debit_bodies import BankAccountBody, DebitReasonBody, MandateBody, MandateCancelBody, MandatesQuery
from api.operation import UPLOAD_BYTES_MAX, operation, reads, writes
from api.owners import OwnerQuery, account_of
from api.public_addresses import link_of
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view, position_header
from api.routes.debit_onboarding import FILE_RULES, kind_of
from api.shapes import direct_debits as shapes
from api.shapes.base import list_of
from ledger.commands.collecting.mandates import (
    CancelMandate,
    EnterBankAccount,
    FileConsentForm,
    RequestMandate,
    ResumeMandate,
    SuspendMandate,
)
from ledger.recipients import read_phone
from ledger.vault import Reading, SubjectNotFound
from ledger.vault.person import MASK
from projections import debit_queries

OWN = own_child("mandate_id", mandate.PREFIX)
RULES = rules(mandate)
SHOWN_DIGITS = 4
LINK_ROLES = ("master", "operator", "service")
"""Roles that may hand the link to a payer's page over."""


class PayerPhoneInvalid(Rejected):
    """The payer's number is not a mobile number."""

    code = "payer_phone_invalid"


class EvidenceNotFound(mandate.MandateNotFound):
    """There is no evidence of a consent: nobody has consented, or its years are over."""

    code = "evidence_not_found"


@operation(
    "POST",
    "/v1/mandates",
    scope="collections:write",
    rule=filtered,
    body=MandateBody,
    answer=shapes.RequestedMandate,
    status=201,
    raises=(PayerPhoneInvalid, *RULES, *rules(onboarding), *rules(standing), CurrencyMismatch),
)
async def request_mandate(ask: Ask, body: MandateBody) -> Reply:
    """Ask a payer to let the account collect from a bank account.

    The payer enters the account on a page of their own, and consents by app, by telephone or on paper, within 30 days.
    With `replaces` it takes another mandate's place, which stays active until the bank has registered this one.
    """
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    phone = read_phone(body.payer.phone)
    if not phone:
        raise PayerPhoneInvalid("payer.phone must be a mobile number", field="payer.phone")
    assert ask.key is not None, "a POST has a key"
    payer = await ask.house.vault.debit_papers.put_payer(
        ask.caller.principal, ask.key, name=body.payer.name, phone=phone, email=body.payer.email or ""
    )
    command = RequestMandate(
        account_id,
        payer,
        body.channel,
        body.fixed_amount,
        body.max_per_debit,
        body.max_per_month,
        body.partial,
        body.replaces,
        is_told=body.send,
    )
    return of_outcome(await ask.house.engine.submit(command, ask.call(body)))


@reads("/v1/mandates", scope="collections:read", rule=filtered, query=MandatesQuery, answer=list_of(shapes.Mandate))
async def list_mandates(ask: Ask, query: MandatesQuery) -> Reply:
    """List an account's mandates, newest first."""
    account_id = await account_of(ask, OwnerQuery(account_id=query.account_id))
    async with ask.see("direct_debits") as (conn, position):
        page = await debit_queries.mandates(
            conn, account_id, status=query.status, cursor=query.cursor, limit=query.limit
        )
    await _mask(ask, page.items)
    return page_reply(page, position)


@reads(
    "/v1/mandates/{mandate_id}",
    scope="collections:read",
    rule=OWN,
    answer=shapes.MandateDetail,
    raises=(mandate.MandateNotFound,),
)
async def get_mandate(ask: Ask, mandate_id: str) -> Reply:
    """Read a mandate, with the link to the payer's page for whoever may hand it over."""
    async with ask.see("direct_debits") as (conn, position):
        row = await debit_queries.mandate(conn, mandate_id)
    shape = debit_queries.mandate_body(row)
    await _mask(ask, [shape])
    shape["link"] = None
    if ask.caller.role in LINK_ROLES:
        shape["link"] = await link_of(ask.house, mandate_id, row["payer"])
    return of_view(shape, position)


@writes(
    "/v1/mandates/{mandate_id}/account",
    scope="collections:write",
    rule=OWN,
    body=BankAccountBody,
    answer=shapes.MandateStep,
    raises=RULES,
)
async def enter_bank_account(ask: Ask, mandate_id: str, body: BankAccountBody) -> EnterBankAccount:
    """Hand in what the payer has entered and agreed to, from a form of one's own or from paper.

    The bank says at once whose account it is; then the consent itself is asked for. Read the mandate again to know.
    """
    assert ask.key is not None, "a POST has a key"
    await ask.house.engine.freshen(mandate_id)
    token = await ask.house.vault.debit_papers.put_account(
        ask.caller.principal, ask.key, number=body.account_number, holder=body.holder, identity=body.identity
    )
    return EnterBankAccount(mandate_id, body.bank, token, body.account_number[-SHOWN_DIGITS:])


@operation(
    "POST",
    "/v1/mandates/{mandate_id}/form",
    scope="collections:write",
    rule=OWN,
    file=True,
    body_bytes_max=UPLOAD_BYTES_MAX,
    answer=shapes.MandateStep,
    raises=(*RULES, *FILE_RULES),
)
async def file_consent_form(ask: Ask, mandate_id: str, file: bytes) -> Reply:
    """File the written consent of a mandate on paper: pdf, jpg or png, at most 10 MB. Then enter the account."""
    kind = kind_of(file)
    assert ask.key is not None, "a POST has a key"
    paper = await ask.house.vault.debit_papers.put_file(ask.caller.principal, ask.key, file, kind=kind, evidence=True)
    command = FileConsentForm(mandate_id, paper.token, paper.sha256)
    return of_outcome(await ask.house.engine.submit(command, ask.call()))


@writes(
    "/v1/mandates/{mandate_id}/suspend",
    scope="collections:write",
    rule=OWN,
    body=DebitReasonBody,
    answer=shapes.MandateStep,
    raises=RULES,
)
def suspend_mandate(ask: Ask, mandate_id: str, body: DebitReasonBody) -> SuspendMandate:
    """Let nothing be collected by a mandate for the time being."""
    return SuspendMandate(mandate_id, body.reason)


@writes(
    "/v1/mandates/{mandate_id}/resume",
    scope="collections:write",
    rule=OWN,
    answer=shapes.MandateStep,
    raises=RULES,
)
def resume_mandate(ask: Ask, mandate_id: str) -> ResumeMandate:
    """Let money be collected by a suspended mandate again."""
    return ResumeMandate(mandate_id)


@writes(
    "/v1/mandates/{mandate_id}/cancel",
    scope="collections:write",
    rule=OWN,
    body=MandateCancelBody,
    answer=shapes.MandateStep,
    raises=RULES,
)
def cancel_mandate(ask: Ask, mandate_id: str, body: MandateCancelBody) -> CancelMandate:
    """End a mandate: nothing more is collected from now on, and the bank is told with the next file."""
    return CancelMandate(mandate_id, body.by, body.reason)


@reads(
    "/v1/mandates/{mandate_id}/evidence",
    scope="collections:write",
    rule=OWN,
    media_type="application/octet-stream",
    raises=(mandate.MandateNotFound, EvidenceNotFound),
)
async def get_consent_evidence(ask: Ask, mandate_id: str) -> Reply:
    """Download what proves the consent: the provider's evidence or the written form. Kept for 5 years after its end.

    Its SHA-256 is `evidence_hash` of the mandate; each download is on record.
    """
    async with ask.see("direct_debits") as (conn, position):
        row = await debit_queries.mandate(conn, mandate_id)
    try:
        reading = Reading(ask.caller.principal, "download the evidence of a consent", ask.request_id)
        content, kind = await ask.house.vault.debit_papers.file(row["evidence"] or "", reading)
    except SubjectNotFound:
        raise EvidenceNotFound("there is no evidence of a consent to this mandate") from None
    disposition = f'attachment; filename="{mandate_id}.{kind}"'.encode()
    headers = (position_header(position), (b"content-disposition", disposition))
    return Reply(200, content, headers, b"application/octet-stream")


async def _mask(ask: Ask, shapes_: list[dict[str, Any]]) -> None:
    """Put what may be shown of each payer into the place of the token."""
    vault = ask.house.vault
    tokens = [shape["payer"] for shape in shapes_]
    phones = await vault.masked_all(tokens, field="phone") if tokens else {}
    for shape in shapes_:
        shape["payer"] = {"name": MASK, "phone": phones[shape["payer"]]}
