"""Commands on mandates: the business's, the payer's, and what banks and providers of consents say (SPEC 10.2, R-111).

The bank's word on a mandate comes with its file and is recorded there (`debit_batches`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from aggregates.account import standing
from aggregates.collecting.mandate import (
    PREFIX,
    CancelledBy,
    Channel,
    Mandate,
    MandateNotFound,
    MandateReplaced,
)
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.onboarding import known_onboarding
from ledger.commands.collecting.tellings import tell

SUCCESSORS_MAX = 100
"""How many changes of account one payer's mandates are followed along."""

STATUS_AFTER: dict[type[Fact], str] = {
    Mandate.ConsentRequested: "consent_requested",
    Mandate.FormFiled: "consent_requested",
    Mandate.AccountEntered: "consent_requested",
    Mandate.AccountRefused: "consent_requested",
    Mandate.AccountVerified: "consent_requested",
    Mandate.ConsentLapsed: "consent_requested",
    Mandate.Consented: "consented",
    Mandate.Submitted: "submitted_to_bank",
    Mandate.Withdrawn: "consented",
    Mandate.Activated: "active",
    Mandate.Failed: "failed",
    Mandate.Suspended: "suspended",
    Mandate.Resumed: "active",
    Mandate.Cancelled: "cancelled",
    Mandate.Superseded: "superseded",
}
"""Fact -> the state that a mandate is in after it."""


@dataclass(frozen=True, slots=True)
class RequestMandate:
    """Ask a payer to let an account collect. Attributes as of `Mandate.ConsentRequested`.

    Attributes:
        is_told: whether the payer is sent the link; else the business hands it over.
    """

    ANSWER: ClassVar[str] = "mandate/1"

    account_id: str
    payer: str
    channel: Channel
    fixed_minor: int | None = None
    max_debit_minor: int | None = None
    max_month_minor: int | None = None
    partial: bool = False
    replaces: str | None = None
    is_told: bool = True

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.ConsentRequested`, on the one it replaces that it is to be, and that the payer is told.

        Raises:
            AccountNotFound, AccountIsClosed, OnboardingNotFound, NotApproved.
            MandateNotFound, MandateReplaced: of the one it replaces.

        Source: SPEC R-111, R-116.
        """
        account = streams.account(self.account_id)
        onboarding = known_onboarding(streams, self.account_id)
        old = None if self.replaces is None else known_mandate(streams, self.replaces)
        standing.refuse_closed(account)
        onboarding.require_approved()
        if old is not None and old.account_id != self.account_id:
            raise MandateNotFound("there is no such mandate on the account")
        mandate_id, mandate = streams.new_child(Mandate, PREFIX, self.account_id)
        if old is not None:
            old.ask_replacement(stamp, by_mandate_id=mandate_id)
        mandate.request(
            stamp,
            mandate_id=mandate_id,
            account_id=self.account_id,
            payer=self.payer,
            channel=self.channel,
            currency=account.currency,
            fixed_minor=self.fixed_minor,
            max_debit_minor=self.max_debit_minor,
            max_month_minor=self.max_month_minor,
            partial=self.partial,
            replaces=self.replaces,
        )
        if self.is_told:
            tell(
                streams,
                stamp,
                account_id=self.account_id,
                thing_id=mandate_id,
                kind="mandate.requested",
                to=self.payer,
            )


@dataclass(frozen=True, slots=True)
class FileConsentForm:
    """Hand in a written consent. evidence: vault token of the file. evidence_hash: its SHA-256, hex."""

    ANSWER: ClassVar[str] = "mandate-step/1"

    mandate_id: str
    evidence: str
    evidence_hash: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.FormFiled`. Raises: MandateNotFound; as of `Mandate.file_form`."""
        known_mandate(streams, self.mandate_id).file_form(
            stamp, evidence=self.evidence, evidence_hash=self.evidence_hash
        )


@dataclass(frozen=True, slots=True)
class EnterBankAccount:
    """Take the account that the payer has entered.

    Attributes:
        bank: its code of three digits. bank_account: vault token of number, holder and identity.
        shown: the last digits of the number.
    """

    ANSWER: ClassVar[str] = "mandate-step/1"

    mandate_id: str
    bank: str
    bank_account: str
    shown: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.AccountEntered`. Raises: MandateNotFound; as of `Mandate.enter_account`."""
        known_mandate(streams, self.mandate_id).enter_account(
            stamp, bank=self.bank, bank_account=self.bank_account, shown=self.shown
        )


@dataclass(frozen=True, slots=True)
class RefuseBankAccount:
    """Take the bank's word that the account is not the payer's. entry: which one it is about."""

    ANSWER: ClassVar[str] = "mandate-step/1"

    mandate_id: str
    entry: int
    reason_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.AccountRefused`. Raises: MandateNotFound; as of `Mandate.refuse_account`."""
        known_mandate(streams, self.mandate_id).refuse_account(stamp, entry=self.entry, code=self.reason_code)


@dataclass(frozen=True, slots=True)
class VerifyBankAccount:
    """Take the bank's word that the account is the payer's. match: full or partial."""

    ANSWER: ClassVar[str] = "mandate-step/1"

    mandate_id: str
    entry: int
    match: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.AccountVerified`. Raises: MandateNotFound; as of `Mandate.verify_account`."""
        known_mandate(streams, self.mandate_id).verify_account(stamp, entry=self.entry, match=self.match)


@dataclass(frozen=True, slots=True)
class RecordConsent:
    """Take the provider's word that the payer has consented. evidence: vault token. evidence_hash: SHA-256, hex."""

    ANSWER: ClassVar[str] = "mandate-step/1"

    mandate_id: str
    entry: int
    evidence: str
    evidence_hash: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.Consented`. Raises: MandateNotFound; as of `Mandate.consent`."""
        known_mandate(streams, self.mandate_id).consent(
            stamp, entry=self.entry, evidence=self.evidence, evidence_hash=self.evidence_hash
        )


@dataclass(frozen=True, slots=True)
class LapseConsent:
    """Take the provider's word that the payer did not answer in time."""

    ANSWER: ClassVar[str] = "mandate-step/1"

    mandate_id: str
    entry: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.ConsentLapsed`. Raises: MandateNotFound; as of `Mandate.lapse_consent`."""
        known_mandate(streams, self.mandate_id).lapse_consent(stamp, entry=self.entry)


@dataclass(frozen=True, slots=True)
class FailMandate:
    """Record that the payer has said no, or nothing at all in all the days there were."""

    ANSWER: ClassVar[str] = "mandate-step/1"

    mandate_id: str
    reason_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.Failed`; the one that it was to replace stays. Raises: MandateNotFound, MandateStep."""
        mandate = known_mandate(streams, self.mandate_id)
        old = replaced(streams, mandate)
        fail(stamp, mandate, old, self.reason_code)


@dataclass(frozen=True, slots=True)
class SuspendMandate:
    """Let nothing be collected by it for the time being."""

    ANSWER: ClassVar[str] = "mandate-step/1"

    mandate_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.Suspended`. Raises: MandateNotFound, MandateStep."""
        known_mandate(streams, self.mandate_id).suspend(stamp, reason=self.reason)


@dataclass(frozen=True, slots=True)
class ResumeMandate:
    """Let money be collected by it again."""

    ANSWER: ClassVar[str] = "mandate-step/1"

    mandate_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.Resumed`. Raises: MandateNotFound, MandateStep."""
        known_mandate(streams, self.mandate_id).resume(stamp)


@dataclass(frozen=True, slots=True)
class CancelMandate:
    """End it; the bank is told with the next file. by: who wants it."""

    ANSWER: ClassVar[str] = "mandate-step/1"

    mandate_id: str
    by: CancelledBy
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.Cancelled`, and that the account is told when the payer did. Raises: as of `cancel`."""
        mandate = known_mandate(streams, self.mandate_id)
        mandate.cancel(stamp, by=self.by, reason=self.reason)
        if self.by != "biller":
            tell_cancelled(streams, stamp, mandate, self.by)


@dataclass(frozen=True, slots=True)
class DateEvidence:
    """Record until when the evidence of an ended mandate is kept. Source: SPEC R-112."""

    ANSWER: ClassVar[str] = "mandate-evidence/1"

    mandate_id: str
    until: date

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Mandate.EvidenceDated`. Raises: MandateNotFound, MandateStep."""
        known_mandate(streams, self.mandate_id).date_evidence(stamp, until=self.until)


def known_mandate(streams: Streams, mandate_id: str) -> Mandate:
    """Return a mandate. Raises: MandateNotFound."""
    parse(mandate_id, PREFIX)
    return streams.known(Mandate, mandate_id, MandateNotFound)


def present(streams: Streams, mandate_id: str) -> Mandate:
    """Return a mandate, or the one that has taken its place. Raises: MandateNotFound; MandateReplaced: too often."""
    mandate = known_mandate(streams, mandate_id)
    for _ in range(SUCCESSORS_MAX):
        if mandate.status != "superseded":
            return mandate
        mandate = known_mandate(streams, mandate.successor)
    raise MandateReplaced("the mandate was replaced too often", maximum=SUCCESSORS_MAX)


def replaced(streams: Streams, mandate: Mandate) -> Mandate | None:
    """Return the mandate whose place one shall take; None = no one's."""
    return None if mandate.replaces is None else known_mandate(streams, mandate.replaces)


def fail(stamp: Stamp, mandate: Mandate, old: Mandate | None, code: str) -> None:
    """Record that a mandate came to nothing; the one that it was to replace may be replaced by another."""
    mandate.fail(stamp, code=code)
    if old is not None:
        old.drop_replacement(stamp, by_mandate_id=mandate.mandate_id)


def activate(stamp: Stamp, mandate: Mandate, old: Mandate | None) -> None:
    """Record the bank's yes; only now does it take the other's place (SPEC R-116)."""
    mandate.activate(stamp)
    if old is not None and old.status in ("active", "suspended"):
        old.supersede(stamp, by_mandate_id=mandate.mandate_id)


def tell_cancelled(streams: Streams, stamp: Stamp, mandate: Mandate, by: str) -> None:
    """Tell the account that a payer, or a bank, has ended a mandate."""
    tell(
        streams,
        stamp,
        account_id=mandate.account_id,
        thing_id=mandate.mandate_id,
        kind="mandate.cancelled",
        to=None,
        detail={"by": by},
    )


@answer("mandate/1")
def mandate(facts: Sequence[Fact]) -> Answer:
    """Answer with a mandate that a payer is asked for."""
    fact = next(fact for fact in facts if isinstance(fact, Mandate.ConsentRequested))
    return Answer(
        201,
        {
            "id": fact.mandate_id,
            "account_id": fact.account_id,
            "status": "consent_requested",
            "channel": fact.channel,
            "consent_text": fact.consent_text,
            "fixed_amount": fact.fixed_minor,
            "max_per_debit": fact.max_debit_minor,
            "max_per_month": fact.max_month_minor,
            "partial": fact.partial,
            "currency": fact.currency,
            "replaces": fact.replaces,
            "consent_until": fact.until.isoformat(),
        },
    )


@answer("mandate-step/1")
def mandate_step(facts: Sequence[Fact]) -> Answer:
    """Answer with the state of the mandate."""
    of_mandates: list[Any] = [fact for fact in facts if type(fact) in STATUS_AFTER]
    last = [fact for fact in of_mandates if fact.mandate_id == of_mandates[0].mandate_id][-1]
    return Answer(200, {"id": last.mandate_id, "status": STATUS_AFTER[type(last)]})


@answer("mandate-evidence/1")
def mandate_evidence(facts: Sequence[Fact]) -> Answer:
    """Answer with the last day on which the evidence is kept."""
    fact = next(fact for fact in facts if isinstance(fact, Mandate.EvidenceDated))
    return Answer(200, {"id": fact.mandate_id, "until": fact.until.isoformat()})
