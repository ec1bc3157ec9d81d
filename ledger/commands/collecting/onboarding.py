"""Commands of a business's way to direct debits (SPEC 10.1, R-110)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates.account import standing
from aggregates.collecting.onboarding import (
    PREFIX,
    Onboarding,
    OnboardingNotFound,
    SuretyKind,
    onboarding_id,
)
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from ledger.command import Answer, Streams, answer

STATUS_AFTER: dict[type[Fact], str] = {
    Onboarding.Drafted: "draft",
    Onboarding.Applied: "applied",
    Onboarding.ContractSigned: "contract_signed",
    Onboarding.SuretySubmitted: "surety_submitted",
    Onboarding.TestStarted: "testing",
    Onboarding.Approved: "approved",
    Onboarding.Rejected: "rejected",
}
"""Fact -> the state that an application is in after it."""


@dataclass(frozen=True, slots=True)
class DraftOnboarding:
    """Begin to apply. settlement: vault token of the bank account that is paid. statement_text: for passbooks."""

    ANSWER: ClassVar[str] = "onboarding/1"

    account_id: str
    settlement: str
    statement_text: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Onboarding.Drafted`. Raises: AccountNotFound, AccountIsClosed; as of `Onboarding.draft`."""
        account = streams.account(self.account_id)
        own = streams.stream(Onboarding, onboarding_id(self.account_id))
        standing.refuse_closed(account)
        own.draft(stamp, account_id=self.account_id, settlement=self.settlement, statement_text=self.statement_text)


@dataclass(frozen=True, slots=True)
class FileOnboardingDocument:
    """Hand in a document. document: its vault token. sha256: of its bytes, hex."""

    ANSWER: ClassVar[str] = "onboarding-document/1"

    account_id: str
    kind: str
    document: str
    sha256: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Onboarding.DocumentFiled`. Raises: OnboardingNotFound; as of `Onboarding.file_document`."""
        known_onboarding(streams, self.account_id).file_document(
            stamp, kind=self.kind, document=self.document, sha256=self.sha256
        )


@dataclass(frozen=True, slots=True)
class ApplyForDebits:
    """Hand the application in."""

    ANSWER: ClassVar[str] = "onboarding/1"

    account_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Onboarding.Applied`. Raises: OnboardingNotFound; as of `Onboarding.apply_for`."""
        known_onboarding(streams, self.account_id).apply_for(stamp)


@dataclass(frozen=True, slots=True)
class SignDebitContract:
    """Record the signed contract."""

    ANSWER: ClassVar[str] = "onboarding/1"

    account_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Onboarding.ContractSigned`. Raises: OnboardingNotFound; as of `Onboarding.sign_contract`."""
        known_onboarding(streams, self.account_id).sign_contract(stamp)


@dataclass(frozen=True, slots=True)
class SubmitSurety:
    """Record the surety. Attributes as of `Onboarding.submit_surety`."""

    ANSWER: ClassVar[str] = "onboarding/1"

    account_id: str
    kind: SuretyKind
    amount_minor: int
    reference: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Onboarding.SuretySubmitted`. Raises: OnboardingNotFound; as of `Onboarding.submit_surety`."""
        account = streams.account(self.account_id)
        known_onboarding(streams, self.account_id).submit_surety(
            stamp,
            kind=self.kind,
            amount_minor=self.amount_minor,
            currency=account.currency,
            reference=self.reference,
        )


@dataclass(frozen=True, slots=True)
class StartDebitTest:
    """Begin to try files with the provider."""

    ANSWER: ClassVar[str] = "onboarding/1"

    account_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Onboarding.TestStarted`. Raises: OnboardingNotFound; as of `Onboarding.start_test`."""
        known_onboarding(streams, self.account_id).start_test(stamp)


@dataclass(frozen=True, slots=True)
class ApproveOnboarding:
    """Record the provider's yes. institution_code: the account's number there, ten digits."""

    ANSWER: ClassVar[str] = "onboarding/1"

    account_id: str
    institution_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Onboarding.Approved`. Raises: OnboardingNotFound; as of `Onboarding.approve`."""
        known_onboarding(streams, self.account_id).approve(stamp, institution_code=self.institution_code)


@dataclass(frozen=True, slots=True)
class RejectOnboarding:
    """Record the provider's no. reason: in the operator's words."""

    ANSWER: ClassVar[str] = "onboarding/1"

    account_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Onboarding.Rejected`. Raises: OnboardingNotFound; as of `Onboarding.reject`."""
        known_onboarding(streams, self.account_id).reject(stamp, reason=self.reason)


def known_onboarding(streams: Streams, account_id: str) -> Onboarding:
    """Return an account's application. Raises: OnboardingNotFound."""
    parse(onboarding_id(account_id), PREFIX)
    return streams.known(Onboarding, onboarding_id(account_id), OnboardingNotFound)


@answer("onboarding/1")
def onboarding(facts: Sequence[Fact]) -> Answer:
    """Answer with where the application stands."""
    fact: Any = next(fact for fact in facts if type(fact) in STATUS_AFTER)
    status = 201 if isinstance(fact, Onboarding.Drafted) else 200
    return Answer(status, {"account_id": fact.account_id, "status": STATUS_AFTER[type(fact)]})


@answer("onboarding-document/1")
def onboarding_document(facts: Sequence[Fact]) -> Answer:
    """Answer with the document that was filed."""
    fact = next(fact for fact in facts if isinstance(fact, Onboarding.DocumentFiled))
    return Answer(201, {"account_id": fact.account_id, "kind": fact.kind, "sha256": fact.sha256})
