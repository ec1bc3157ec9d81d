"""The way of a business to direct debits: documents, contract, surety, test, approval (SPEC 10.1)."""

from __future__ import annotations

from aggregates.account import standing
from aggregates.account.transfers import CurrencyMismatch
from aggregates.collecting import onboarding
from aggregates.errors import Rejected
from api.access import own_account
from api.ask import Ask
from api.debit_bodies import ApprovalBody, DocumentQuery, OnboardingBody, RejectionBody, SuretyBody
from api.operation import UPLOAD_BYTES_MAX, operation, reads, writes
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view
from api.shapes import direct_debits as shapes
from ledger import attachments
from ledger.commands.collecting.onboarding import (
    ApplyForDebits,
    ApproveOnboarding,
    DraftOnboarding,
    FileOnboardingDocument,
    RejectOnboarding,
    SignDebitContract,
    StartDebitTest,
    SubmitSurety,
)
from projections import debit_queries

PATH = "/v1/debits/onboarding/{account_id}"
RULES = rules(onboarding)
PICTURES = ("pdf", "jpg", "png")


class DocumentTypeNotTaken(Rejected):
    """A document is pdf, jpg or png."""

    code = "document_type_not_taken"


def kind_of(file: bytes) -> str:
    """Return what a document is, by its bytes. Raises: DocumentTypeNotTaken; as of `attachments.sniff`."""
    kind = attachments.sniff(file)
    if kind not in PICTURES:
        raise DocumentTypeNotTaken("a document must be pdf, jpg or png", allowed=list(PICTURES))
    return kind


FILE_RULES = (DocumentTypeNotTaken, *rules(attachments))


@writes(
    PATH,
    scope="collections:write",
    rule=own_account,
    body=OnboardingBody,
    answer=shapes.OnboardingStep,
    status=201,
    raises=(*RULES, *rules(standing)),
)
async def draft_onboarding(ask: Ask, account_id: str, body: OnboardingBody) -> DraftOnboarding:
    """Begin to apply for direct debits, or begin anew after a rejection."""
    assert ask.key is not None, "a POST has a key"
    settlement = await ask.house.vault.debit_papers.put_settlement(
        ask.caller.principal,
        ask.key,
        bank=body.bank,
        number=body.account_number,
        holder=body.holder,
        identity=body.business_number,
    )
    return DraftOnboarding(account_id, settlement, body.statement_text)


@operation(
    "POST",
    f"{PATH}/documents",
    scope="collections:write",
    rule=own_account,
    query=DocumentQuery,
    file=True,
    body_bytes_max=UPLOAD_BYTES_MAX,
    answer=shapes.OnboardingDocument,
    status=201,
    raises=(*RULES, *FILE_RULES),
)
async def file_onboarding_document(ask: Ask, account_id: str, query: DocumentQuery, file: bytes) -> Reply:
    """File a document: pdf, jpg or png, at most 10 MB. One of the same kind before it is replaced."""
    kind = kind_of(file)
    assert ask.key is not None, "a POST has a key"
    paper = await ask.house.vault.debit_papers.put_file(ask.caller.principal, ask.key, file, kind=kind, evidence=False)
    command = FileOnboardingDocument(account_id, query.kind, paper.token, paper.sha256)
    return of_outcome(await ask.house.engine.submit(command, ask.call()))


@writes(f"{PATH}/apply", scope="collections:write", rule=own_account, answer=shapes.OnboardingStep, raises=RULES)
def apply_for_debits(ask: Ask, account_id: str) -> ApplyForDebits:
    """Hand the application in; all four documents have to be there."""
    return ApplyForDebits(account_id)


@writes(
    f"{PATH}/sign-contract", scope="collections:write", rule=own_account, answer=shapes.OnboardingStep, raises=RULES
)
def sign_debit_contract(ask: Ask, account_id: str) -> SignDebitContract:
    """Record that the contract is signed; it has to be filed."""
    return SignDebitContract(account_id)


@writes(
    f"{PATH}/surety",
    scope="collections:write",
    rule=own_account,
    body=SuretyBody,
    answer=shapes.OnboardingStep,
    raises=(*RULES, CurrencyMismatch),
)
def submit_surety(ask: Ask, account_id: str, body: SuretyBody) -> SubmitSurety:
    """Give the surety."""
    return SubmitSurety(account_id, body.kind, body.amount, body.reference)


@writes(f"{PATH}/start-test", scope="accounts:manage", rule=own_account, answer=shapes.OnboardingStep, raises=RULES)
def start_debit_test(ask: Ask, account_id: str) -> StartDebitTest:
    """Begin to try files with the provider."""
    return StartDebitTest(account_id)


@writes(
    f"{PATH}/approve",
    scope="accounts:manage",
    rule=own_account,
    body=ApprovalBody,
    answer=shapes.OnboardingStep,
    raises=RULES,
)
def approve_onboarding(ask: Ask, account_id: str, body: ApprovalBody) -> ApproveOnboarding:
    """Record that the provider takes debits of this account, and under which number."""
    return ApproveOnboarding(account_id, body.institution_code)


@writes(
    f"{PATH}/reject",
    scope="accounts:manage",
    rule=own_account,
    body=RejectionBody,
    answer=shapes.OnboardingStep,
    raises=RULES,
)
def reject_onboarding(ask: Ask, account_id: str, body: RejectionBody) -> RejectOnboarding:
    """Record that the provider does not; the account may begin anew."""
    return RejectOnboarding(account_id, body.reason)


@reads(
    PATH,
    scope="collections:read",
    rule=own_account,
    answer=shapes.Onboarding,
    raises=(onboarding.OnboardingNotFound,),
)
async def get_onboarding(ask: Ask, account_id: str) -> Reply:
    """Read an account's application."""
    async with ask.see("direct_debits") as (conn, position):
        shape = debit_queries.onboarding_body(await debit_queries.onboarding(conn, account_id))
    shape["settlement_account"] = await ask.house.vault.masked(shape["settlement_account"])
    return of_view(shape, position)
