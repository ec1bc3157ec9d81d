"""A mandate: a payer's consent that a business takes money from a bank account (SPEC 10.2, R-111 to R-117).

The payer enters the account and consents once, by a signature, by voice or on paper; the bank has the last word. While
another mandate shall take its place, this one stays active until the other is: nothing is collected twice or not at
all. Account data, names and the evidence of the consent are in the vault; facts hold tokens and a hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal, Self
from uuid import UUID

from aggregates import ids
from aggregates.collecting.mandate_facts import (
    BankAccountEntered,
    BankAccountRefused,
    BankAccountVerified,
    Consented,
    ConsentFormFiled,
    ConsentLapsed,
    ConsentRequested,
    EvidenceDated,
    MandateActivated,
    MandateCancelled,
    MandateEndSubmitted,
    MandateEndWithdrawn,
    MandateFailed,
    MandateMonthUsed,
    MandateResumed,
    MandateSubmitted,
    MandateSuperseded,
    MandateSuspended,
    MandateWithdrawn,
    ReplacementAsked,
)
from aggregates.dates import business_date
from aggregates.errors import Conflict, NotFound, Rejected
from aggregates.fact import Stamp, Stream, stream_class

PREFIX = "mdt"

Channel = Literal["app", "ars", "paper"]
"""How a payer consents: a signature in an app, a voice on the telephone, a written form."""

CONSENT_TEXTS = ("debit-consent/1",)
"""Versions of what a payer agrees to; the last one is used. Texts are never changed: a new one is a new version."""

CONSENT_DAYS = 30
"""How long a payer may take to consent."""

EVIDENCE_YEARS = 5
"""How long the evidence of a consent is kept after the end of the mandate (SPEC R-112)."""

ENTRIES_MAX = 5
"""How often a payer may enter an account that turns out not to be theirs."""

CancelledBy = Literal["payer", "biller", "bank"]

NUMBER_CHARS_MAX = 20
"""Of a payer's number in a bank's file."""


class MandateNotFound(NotFound):
    """There is no such mandate."""

    code = "mandate_not_found"


class MandateStep(Conflict):
    """The state of the mandate does not allow this; `status` says what it is."""

    code = "mandate_step_not_allowed"


class MandateNotActive(Conflict):
    """Nothing can be collected by a mandate that is not active."""

    code = "mandate_not_active"


class MandateLimitExceeded(Rejected):
    """More than the payer allowed at a time, or in a month (SPEC R-114)."""

    code = "mandate_limit_exceeded"


class MandateReplaced(Conflict):
    """Another mandate is on its way to take the place of this one already, or the two are not one payer's."""

    code = "mandate_not_replaceable"


class AccountEntriesSpent(Conflict):
    """Too many accounts were entered that were not the payer's; a new mandate is needed."""

    code = "account_entries_spent"


class ConsentFormMissing(Conflict):
    """The written form has to be filed before the account is entered."""

    code = "consent_form_missing"


@stream_class("mandate")
class Mandate(Stream):
    """One consent.

    Attributes:
        mandate_id, account_id, payer, channel, fixed_minor, max_debit_minor, max_month_minor, partial, replaces, until:
            as requested.
        status: consent_requested, consented, submitted_to_bank, active, failed, suspended, cancelled or superseded; ""
            before it is requested.
        step: of a requested one: entry (the payer has to enter an account), verifying, consent.
        form, form_hash: of a written consent; "" = not filed.
        entries: how many accounts were entered. bank_account: vault token of the last one.
        batch_id: of the file it is in. end_batch_id: of that which tells of its end; "" = none.
        at_bank: whether the bank has it registered, as far as we have said.
        successor: the mandate that takes, or has taken, its place; "" = none.
        months: month -> what is to be collected in it, where there is a bound.
    """

    __slots__ = (
        "account_id", "at_bank", "bank_account", "batch_id", "channel", "end_batch_id", "entries", "fixed_minor",
        "form", "form_hash", "mandate_id", "max_debit_minor", "max_month_minor", "months", "partial", "payer",
        "replaces", "status", "step", "successor", "until",
    )  # fmt: skip

    ConsentRequested = ConsentRequested
    FormFiled = ConsentFormFiled
    AccountEntered = BankAccountEntered
    AccountRefused = BankAccountRefused
    AccountVerified = BankAccountVerified
    ConsentLapsed = ConsentLapsed
    Consented = Consented
    Submitted = MandateSubmitted
    Withdrawn = MandateWithdrawn
    Activated = MandateActivated
    Failed = MandateFailed
    Suspended = MandateSuspended
    Resumed = MandateResumed
    Cancelled = MandateCancelled
    Superseded = MandateSuperseded
    EndSubmitted = MandateEndSubmitted
    EndWithdrawn = MandateEndWithdrawn
    ReplacementAsked = ReplacementAsked
    MonthUsed = MandateMonthUsed
    EvidenceDated = EvidenceDated

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.mandate_id = self.account_id = self.payer = self.channel = self.status = ""
        self.form = self.form_hash = self.bank_account = self.batch_id = self.end_batch_id = self.successor = ""
        self.step = "entry"
        self.fixed_minor: int | None = None
        self.max_debit_minor: int | None = None
        self.max_month_minor: int | None = None
        self.replaces: str | None = None
        self.partial = self.at_bank = False
        self.entries = 0
        self.until = date.min
        self.months: Mapping[str, int] = {}

    def request(
        self,
        stamp: Stamp,
        *,
        mandate_id: str,
        account_id: str,
        payer: str,
        channel: Channel,
        currency: str,
        fixed_minor: int | None = None,
        max_debit_minor: int | None = None,
        max_month_minor: int | None = None,
        partial: bool = False,
        replaces: str | None = None,
    ) -> None:
        """Record that a payer is asked. Source: SPEC R-111, R-114, R-117."""
        self.record(
            ConsentRequested,
            stamp,
            mandate_id=mandate_id,
            account_id=account_id,
            payer=payer,
            channel=channel,
            consent_text=CONSENT_TEXTS[-1],
            fixed_minor=fixed_minor,
            max_debit_minor=max_debit_minor,
            max_month_minor=max_month_minor,
            partial=partial,
            currency=currency,
            replaces=replaces,
            until=business_date(stamp.recorded_at) + timedelta(days=CONSENT_DAYS),
        )

    def ask_replacement(self, stamp: Stamp, *, by_mandate_id: str) -> None:
        """Record that another one shall take its place. Raises: MandateReplaced: one shall already, or it is over."""
        if self.successor or self.status not in ("active", "suspended"):
            raise MandateReplaced(
                "only an active or suspended mandate whose place no other one is taking can be replaced",
                status=self.status,
            )
        self.record(ReplacementAsked, stamp, mandate_id=self.mandate_id, by_mandate_id=by_mandate_id)

    def drop_replacement(self, stamp: Stamp, *, by_mandate_id: str) -> None:
        """Record that the other one came to nothing; nothing to record where it is not the one."""
        if self.successor == by_mandate_id and self.status in ("active", "suspended"):
            self.record(ReplacementAsked, stamp, mandate_id=self.mandate_id, by_mandate_id=None)

    def file_form(self, stamp: Stamp, *, evidence: str, evidence_hash: str) -> None:
        """Record the written form. Raises: MandateStep: it is consented to otherwise, or was."""
        self._require("consent_requested")
        if self.channel != "paper" or self.step != "entry":
            raise MandateStep("a written form is for a mandate on paper, before its account is entered", step=self.step)
        self.record(ConsentFormFiled, stamp, mandate_id=self.mandate_id, evidence=evidence, evidence_hash=evidence_hash)

    def enter_account(self, stamp: Stamp, *, bank: str, bank_account: str, shown: str) -> None:
        """Record the account that the payer entered.

        Raises:
            MandateStep: it is not asked for, or its days are over. ConsentFormMissing. AccountEntriesSpent.

        Source: SPEC N1, N3.
        """
        self._require("consent_requested")
        if self.step != "entry" or business_date(stamp.recorded_at) > self.until:
            raise MandateStep("no account is asked for now", status=self.status, step=self.step)
        if self.channel == "paper" and not self.form:
            raise ConsentFormMissing("file the written form before the account is entered")
        if self.entries >= ENTRIES_MAX:
            raise AccountEntriesSpent(f"at most {ENTRIES_MAX} accounts can be entered", maximum=ENTRIES_MAX)
        self.record(
            BankAccountEntered,
            stamp,
            mandate_id=self.mandate_id,
            entry=self.entries + 1,
            bank=bank,
            bank_account=bank_account,
            shown=shown,
        )

    def refuse_account(self, stamp: Stamp, *, entry: int, code: str) -> None:
        """Record that the account is not the payer's. Raises: MandateStep: it has had its answer."""
        self._require_step("verifying", entry)
        self.record(BankAccountRefused, stamp, mandate_id=self.mandate_id, code=code)

    def verify_account(self, stamp: Stamp, *, entry: int, match: str) -> None:
        """Record that it is. A written consent is complete with it. Raises: as `refuse_account`."""
        self._require_step("verifying", entry)
        self.record(BankAccountVerified, stamp, mandate_id=self.mandate_id, match=match)
        if self.channel == "paper":
            self.consent(stamp, entry=entry, evidence=self.form, evidence_hash=self.form_hash)

    def consent(self, stamp: Stamp, *, entry: int, evidence: str, evidence_hash: str) -> None:
        """Record the consent and what proves it. Raises: MandateStep. Source: SPEC N2, R-112."""
        self._require_step("consent", entry)
        self.record(
            Consented,
            stamp,
            mandate_id=self.mandate_id,
            evidence=evidence,
            evidence_hash=evidence_hash,
            consented_on=business_date(stamp.occurred_at),
        )

    def lapse_consent(self, stamp: Stamp, *, entry: int) -> None:
        """Record that the payer did not answer in time. Raises: MandateStep."""
        self._require_step("consent", entry)
        self.record(ConsentLapsed, stamp, mandate_id=self.mandate_id, entry=entry)

    def fail(self, stamp: Stamp, *, code: str) -> None:
        """Record that it came to nothing: the payer's no, or the bank's. Raises: MandateStep."""
        self._require("consent_requested", "submitted_to_bank")
        self.record(
            MandateFailed,
            stamp,
            mandate_id=self.mandate_id,
            code=code,
            ended_on=business_date(stamp.recorded_at),
        )

    def submit(self, stamp: Stamp, *, batch_id: str, serial: int) -> None:
        """Record that it is in a file. Raises: MandateStep."""
        self._require("consented")
        self.record(MandateSubmitted, stamp, mandate_id=self.mandate_id, batch_id=batch_id, serial=serial)

    def withdraw(self, stamp: Stamp, *, batch_id: str) -> None:
        """Record that the file did not go. Raises: MandateStep."""
        self._require("submitted_to_bank")
        self.record(MandateWithdrawn, stamp, mandate_id=self.mandate_id, batch_id=batch_id)

    def activate(self, stamp: Stamp) -> None:
        """Record the bank's yes. Raises: MandateStep. Source: SPEC R-111."""
        self._require("submitted_to_bank")
        self.record(MandateActivated, stamp, mandate_id=self.mandate_id)

    def suspend(self, stamp: Stamp, *, reason: str) -> None:
        """Let nothing be collected. Raises: MandateStep."""
        self._require("active")
        self.record(MandateSuspended, stamp, mandate_id=self.mandate_id, reason=reason)

    def resume(self, stamp: Stamp) -> None:
        """Let money be collected again. Raises: MandateStep."""
        self._require("suspended")
        self.record(MandateResumed, stamp, mandate_id=self.mandate_id)

    def cancel(self, stamp: Stamp, *, by: CancelledBy, reason: str) -> None:
        """End it. Raises: MandateStep."""
        self._require("active", "suspended")
        self.record(
            MandateCancelled,
            stamp,
            mandate_id=self.mandate_id,
            by=by,
            reason=reason,
            ended_on=business_date(stamp.recorded_at),
        )

    def supersede(self, stamp: Stamp, *, by_mandate_id: str) -> None:
        """End it in favour of another one. Raises: MandateStep. Source: SPEC R-116."""
        self._require("active", "suspended")
        self.record(
            MandateSuperseded,
            stamp,
            mandate_id=self.mandate_id,
            by_mandate_id=by_mandate_id,
            ended_on=business_date(stamp.recorded_at),
        )

    def submit_end(self, stamp: Stamp, *, batch_id: str, serial: int) -> None:
        """Record that a file tells the bank of its end. Raises: MandateStep: the bank knows, or it has not ended."""
        self._require("cancelled", "superseded")
        if not self.at_bank:
            raise MandateStep("the bank knows that it has ended", status=self.status)
        self.record(MandateEndSubmitted, stamp, mandate_id=self.mandate_id, batch_id=batch_id, serial=serial)

    def withdraw_end(self, stamp: Stamp, *, batch_id: str) -> None:
        """Record that the file of its end did not go. Raises: MandateStep: it is not in that file."""
        if self.end_batch_id != batch_id:
            raise MandateStep("the file does not tell of this mandate's end", status=self.status)
        self.record(MandateEndWithdrawn, stamp, mandate_id=self.mandate_id, batch_id=batch_id)

    def require_active(self) -> None:
        """Refuse to collect. Raises: MandateNotActive."""
        if self.status != "active":
            raise MandateNotActive("nothing can be collected by a mandate that is not active", status=self.status)

    def require_within(self, amount_minor: int, month: str) -> None:
        """Refuse more than the payer allowed. Raises: MandateLimitExceeded. Source: SPEC R-114."""
        if self.fixed_minor is not None and amount_minor > self.fixed_minor:
            raise MandateLimitExceeded(
                f"amount must be at most the designated {self.fixed_minor}", maximum=self.fixed_minor, limit="fixed"
            )
        if self.max_debit_minor is not None and amount_minor > self.max_debit_minor:
            raise MandateLimitExceeded(
                f"amount must be at most {self.max_debit_minor} at a time", maximum=self.max_debit_minor, limit="debit"
            )
        self.require_within_month(amount_minor, month)

    def require_within_month(self, amount_minor: int, month: str) -> None:
        """Refuse more than the payer allowed in a month. Raises: MandateLimitExceeded."""
        if self.max_month_minor is None:
            return
        left = max(0, self.max_month_minor - self.months.get(month, 0))
        if amount_minor > left:
            raise MandateLimitExceeded(
                f"amount must be at most {left} more in {month}", maximum=left, limit="month", month=month
            )

    def use_month(self, stamp: Stamp, *, amount_minor: int, month: str) -> None:
        """Record what is to be collected in a month, or is not any more (below 0), where there is a bound."""
        if self.max_month_minor is not None:
            used = max(0, self.months.get(month, 0) + amount_minor)
            self.record(MandateMonthUsed, stamp, mandate_id=self.mandate_id, month=month, used_minor=used)

    def date_evidence(self, stamp: Stamp, *, until: date) -> None:
        """Record until when the evidence is kept. Raises: MandateStep: it has not ended."""
        self._require("failed", "cancelled", "superseded")
        self.record(EvidenceDated, stamp, mandate_id=self.mandate_id, until=until)

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *Mandate.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin

    def _require(self, *statuses: str) -> None:
        if self.status not in statuses:
            raise MandateStep(
                "the state of the mandate does not allow this", status=self.status or "none", allowed=list(statuses)
            )

    def _require_step(self, step: str, entry: int) -> None:
        self._require("consent_requested")
        if self.step != step or self.entries != entry:
            raise MandateStep("this has had its answer", status=self.status, step=self.step)


def payer_number(mandate_id: str) -> str:
    """Return the number under which the bank knows a payer: what the mandate's id has beside its account's."""
    return ids.encode(ids.parse(mandate_id, PREFIX).version)


def mandate_of(account_id: str, number: str) -> str:
    """Return the mandate of a payer's number. Raises: NotFound: no number looks like this."""
    mandate_id = f"{PREFIX}_{account_id[4:]}{number}"
    ids.parse(mandate_id, PREFIX)
    return mandate_id
