"""The way of a business to direct debits: documents, contract, surety, test, approval (SPEC 10.1, R-110).

One stream for each account. Who was rejected may begin anew; who was approved has an institution's number, under which
its files go to the provider.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self
from uuid import UUID

from aggregates import ids
from aggregates.errors import Conflict, NotFound, Rejected
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class

PREFIX = "onb"

DOCUMENTS = ("business_registration", "representative_id", "bankbook", "application_form")
"""What an application needs."""

CONTRACT = "contract"
SURETY_DOCUMENT = "surety"
DOCUMENT_KINDS = (*DOCUMENTS, CONTRACT, SURETY_DOCUMENT)

SuretyKind = Literal["guarantee_insurance", "deposit", "other"]

STATEMENT_BYTES_MAX = 16
"""What stands in the payer's passbook, in CP949."""

_INSTITUTION = re.compile(r"[0-9]{10}", re.ASCII)


class OnboardingNotFound(NotFound):
    """The account has not begun to apply for direct debits."""

    code = "onboarding_not_found"


class OnboardingStep(Conflict):
    """The step does not follow from where the application stands; `status` says where."""

    code = "onboarding_step_not_allowed"


class DocumentsMissing(Rejected):
    """Documents are missing; `missing` names them."""

    code = "onboarding_documents_missing"


class InstitutionInvalid(Rejected):
    """The institution's number has ten digits."""

    code = "institution_code_invalid"


class StatementTextInvalid(Rejected):
    """What stands in the payer's passbook has 1 to 16 bytes of Korean text."""

    code = "statement_text_invalid"


class NotApproved(Conflict):
    """The account is not approved to collect by direct debit."""

    code = "debits_not_approved"


def onboarding_id(account_id: str) -> str:
    """Return the id of an account's onboarding."""
    return ids.child_id(PREFIX, account_id, 1)


@fact("onboarding.drafted")
class OnboardingDrafted(Fact):
    """An account has begun, or begun anew, to apply.

    Attributes:
        account_id: who.
        settlement: vault token of the bank account to which collected money is paid.
        statement_text: what stands in the payers' passbooks.
    """

    account_id: str
    settlement: str
    statement_text: str

    def apply(self, onboarding: Onboarding) -> None:
        onboarding.account_id = self.account_id
        onboarding.settlement = self.settlement
        onboarding.statement_text = self.statement_text
        onboarding.documents = {}
        onboarding.institution_code = ""
        onboarding.status = "draft"


@fact("onboarding.document_filed")
class OnboardingDocumentFiled(Fact):
    """A document was handed in; one of the same kind before it is replaced.

    Attributes:
        account_id: whose.
        kind: which document.
        document: its vault token.
        sha256: of its bytes, hex.
    """

    account_id: str
    kind: str
    document: str
    sha256: str

    def apply(self, onboarding: Onboarding) -> None:
        onboarding.documents = {**onboarding.documents, self.kind: self.document}


@fact("onboarding.applied")
class OnboardingApplied(Fact):
    """The application was handed in.

    Attributes:
        account_id: whose.
    """

    account_id: str

    def apply(self, onboarding: Onboarding) -> None:
        onboarding.status = "applied"


@fact("onboarding.contract_signed")
class OnboardingContractSigned(Fact):
    """The contract with the provider was signed.

    Attributes:
        account_id: whose.
    """

    account_id: str

    def apply(self, onboarding: Onboarding) -> None:
        onboarding.status = "contract_signed"


@fact("onboarding.surety_submitted")
class OnboardingSuretySubmitted(Fact):
    """A surety was given.

    Attributes:
        account_id: whose.
        kind: guarantee_insurance, deposit or other.
        amount_minor: of the surety.
        currency: ISO 4217.
        reference: number of the policy or of the deposit.
    """

    account_id: str
    kind: str
    amount_minor: int
    currency: str
    reference: str

    def apply(self, onboarding: Onboarding) -> None:
        onboarding.status = "surety_submitted"


@fact("onboarding.test_started")
class OnboardingTestStarted(Fact):
    """Files are tried with the provider.

    Attributes:
        account_id: whose.
    """

    account_id: str

    def apply(self, onboarding: Onboarding) -> None:
        onboarding.status = "testing"


@fact("onboarding.approved")
class OnboardingApproved(Fact):
    """The provider takes debits of this account.

    Attributes:
        account_id: whose.
        institution_code: its number at the provider, ten digits.
    """

    account_id: str
    institution_code: str

    def apply(self, onboarding: Onboarding) -> None:
        onboarding.status = "approved"
        onboarding.institution_code = self.institution_code


@fact("onboarding.rejected")
class OnboardingRejected(Fact):
    """The provider does not take debits of this account.

    Attributes:
        account_id: whose.
        reason: in the operator's words.
    """

    account_id: str
    reason: str

    def apply(self, onboarding: Onboarding) -> None:
        onboarding.status = "rejected"


@stream_class("onboarding")
class Onboarding(Stream):
    """An account's application for direct debits.

    Attributes:
        account_id: whose. status: draft, applied, contract_signed, surety_submitted, testing, approved or rejected;
            "" before it begins.
        settlement, statement_text: as drafted. documents: kind -> vault token.
        institution_code: "" until approved.
    """

    __slots__ = ("account_id", "documents", "institution_code", "settlement", "statement_text", "status")

    Drafted = OnboardingDrafted
    DocumentFiled = OnboardingDocumentFiled
    Applied = OnboardingApplied
    ContractSigned = OnboardingContractSigned
    SuretySubmitted = OnboardingSuretySubmitted
    TestStarted = OnboardingTestStarted
    Approved = OnboardingApproved
    Rejected = OnboardingRejected

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.account_id = self.status = self.settlement = self.statement_text = self.institution_code = ""
        self.documents: Mapping[str, str] = {}

    def draft(self, stamp: Stamp, *, account_id: str, settlement: str, statement_text: str) -> None:
        """Begin, or begin anew after a rejection.

        Raises:
            OnboardingStep: it is under way or approved. StatementTextInvalid.

        Source: SPEC R-110.
        """
        self._require("", "draft", "rejected")
        if not 1 <= cp949_length(statement_text) <= STATEMENT_BYTES_MAX:
            raise StatementTextInvalid(
                f"statement_text must have 1 to {STATEMENT_BYTES_MAX} bytes of CP949", maximum=STATEMENT_BYTES_MAX
            )
        self.record(
            OnboardingDrafted, stamp, account_id=account_id, settlement=settlement, statement_text=statement_text
        )

    def file_document(self, stamp: Stamp, *, kind: str, document: str, sha256: str) -> None:
        """Hand in a document. Raises: OnboardingStep: the step that needs it is over."""
        if kind == CONTRACT:
            self._require("draft", "applied")
        elif kind == SURETY_DOCUMENT:
            self._require("draft", "applied", "contract_signed")
        else:
            self._require("draft")
        self.record(
            OnboardingDocumentFiled, stamp, account_id=self.account_id, kind=kind, document=document, sha256=sha256
        )

    def apply_for(self, stamp: Stamp) -> None:
        """Hand the application in. Raises: OnboardingStep. DocumentsMissing: one of the four is not there."""
        self._require("draft")
        self._require_documents(*DOCUMENTS)
        self.record(OnboardingApplied, stamp, account_id=self.account_id)

    def sign_contract(self, stamp: Stamp) -> None:
        """Record the signed contract. Raises: OnboardingStep. DocumentsMissing: the contract is not there."""
        self._require("applied")
        self._require_documents(CONTRACT)
        self.record(OnboardingContractSigned, stamp, account_id=self.account_id)

    def submit_surety(
        self, stamp: Stamp, *, kind: SuretyKind, amount_minor: int, currency: str, reference: str
    ) -> None:
        """Record the surety. Raises: OnboardingStep. DocumentsMissing: insurance without its policy."""
        self._require("contract_signed")
        if kind == "guarantee_insurance":
            self._require_documents(SURETY_DOCUMENT)
        self.record(
            OnboardingSuretySubmitted,
            stamp,
            account_id=self.account_id,
            kind=kind,
            amount_minor=amount_minor,
            currency=currency,
            reference=reference,
        )

    def start_test(self, stamp: Stamp) -> None:
        """Begin to try files. Raises: OnboardingStep."""
        self._require("surety_submitted")
        self.record(OnboardingTestStarted, stamp, account_id=self.account_id)

    def approve(self, stamp: Stamp, *, institution_code: str) -> None:
        """Record the provider's yes. Raises: OnboardingStep. InstitutionInvalid."""
        self._require("testing")
        if not _INSTITUTION.fullmatch(institution_code):
            raise InstitutionInvalid("institution_code must have ten digits")
        self.record(OnboardingApproved, stamp, account_id=self.account_id, institution_code=institution_code)

    def reject(self, stamp: Stamp, *, reason: str) -> None:
        """Record the provider's no. Raises: OnboardingStep."""
        self._require("testing")
        self.record(OnboardingRejected, stamp, account_id=self.account_id, reason=reason)

    def require_approved(self) -> None:
        """Refuse whoever may not collect. Raises: NotApproved."""
        if self.status != "approved":
            raise NotApproved("the account is not approved to collect by direct debit", status=self.status or "none")

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *Onboarding.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin

    def _require(self, *statuses: str) -> None:
        if self.status not in statuses:
            allowed = [status for status in statuses if status]
            raise OnboardingStep(
                "this step does not follow from where the application stands",
                status=self.status or "none",
                allowed=allowed,
            )

    def _require_documents(self, *kinds: str) -> None:
        missing = [kind for kind in kinds if kind not in self.documents]
        if missing:
            raise DocumentsMissing("documents are missing; file them first", missing=missing)


def cp949_length(text: str) -> int:
    """Return how many bytes a text has in CP949; more than any field for what it cannot say."""
    try:
        return len(text.encode("cp949"))
    except UnicodeEncodeError:
        return 1_000
