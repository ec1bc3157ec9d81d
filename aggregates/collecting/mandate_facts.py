"""The facts of a mandate: what happens to a consent, from the request to the end of its evidence (SPEC 10.2)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.collecting.mandate import Mandate


@fact("mandate.consent_requested")
class ConsentRequested(Fact):
    """A payer is asked to let a business collect.

    Attributes:
        mandate_id, account_id: public ids.
        payer: vault token of name and contact.
        channel: app, ars or paper.
        consent_text: version of what is agreed to.
        fixed_minor: the designated amount of each debit; null = it varies, and the payer is told before each.
        max_debit_minor, max_month_minor: most at a time, and in a calendar month; null = no bound.
        partial: whether the bank may take less than asked for (SPEC R-117).
        currency: ISO 4217.
        replaces: the mandate whose place it takes once it is active; null = none.
        until: last KST day on which the payer may consent.
    """

    mandate_id: str
    account_id: str
    payer: str
    channel: str
    consent_text: str
    fixed_minor: int | None
    max_debit_minor: int | None
    max_month_minor: int | None
    partial: bool
    currency: str
    replaces: str | None
    until: date

    def apply(self, mandate: Mandate) -> None:
        mandate.mandate_id = self.mandate_id
        mandate.account_id = self.account_id
        mandate.payer = self.payer
        mandate.channel = self.channel
        mandate.fixed_minor = self.fixed_minor
        mandate.max_debit_minor = self.max_debit_minor
        mandate.max_month_minor = self.max_month_minor
        mandate.partial = self.partial
        mandate.replaces = self.replaces
        mandate.until = self.until
        mandate.status = "consent_requested"


@fact("mandate.form_filed")
class ConsentFormFiled(Fact):
    """The written form was handed in.

    Attributes:
        mandate_id: public id.
        evidence: vault token of the file.
        evidence_hash: its SHA-256, hex.
    """

    mandate_id: str
    evidence: str
    evidence_hash: str

    def apply(self, mandate: Mandate) -> None:
        mandate.form = self.evidence
        mandate.form_hash = self.evidence_hash


@fact("mandate.account_entered")
class BankAccountEntered(Fact):
    """The payer entered a bank account; whose it is, is asked.

    Attributes:
        mandate_id: public id.
        entry: which try, from 1.
        bank: its code.
        bank_account: vault token of number, holder and birth date or business number.
        shown: the last digits of the number.
    """

    mandate_id: str
    entry: int
    bank: str
    bank_account: str
    shown: str

    def apply(self, mandate: Mandate) -> None:
        mandate.entries = self.entry
        mandate.bank_account = self.bank_account
        mandate.step = "verifying"


@fact("mandate.account_refused")
class BankAccountRefused(Fact):
    """The account is not the payer's, or is none; the payer may enter another.

    Attributes:
        mandate_id: public id.
        code: why, a stable word.
    """

    mandate_id: str
    code: str

    def apply(self, mandate: Mandate) -> None:
        mandate.step = "entry"


@fact("mandate.account_verified")
class BankAccountVerified(Fact):
    """The account is the payer's (SPEC N3, R-111); now the consent itself is asked for.

    Attributes:
        mandate_id: public id.
        match: full or partial, as the bank says of the holder's name.
    """

    mandate_id: str
    match: str

    def apply(self, mandate: Mandate) -> None:
        mandate.step = "consent"


@fact("mandate.consent_lapsed")
class ConsentLapsed(Fact):
    """The payer did not answer in time: the consent can be asked for again.

    Attributes:
        mandate_id: public id.
        entry: of the account that it was about.
    """

    mandate_id: str
    entry: int

    def apply(self, mandate: Mandate) -> None:
        mandate.step = "entry"


@fact("mandate.consented")
class Consented(Fact):
    """The payer has consented.

    Attributes:
        mandate_id: public id.
        evidence: vault token of what proves it.
        evidence_hash: its SHA-256, hex.
        consented_on: KST date.
    """

    mandate_id: str
    evidence: str
    evidence_hash: str
    consented_on: date

    def apply(self, mandate: Mandate) -> None:
        mandate.status = "consented"
        mandate.step = ""


@fact("mandate.submitted")
class MandateSubmitted(Fact):
    """It is in a file for the bank.

    Attributes:
        mandate_id, batch_id: public ids.
        serial: its line in the file.
    """

    mandate_id: str
    batch_id: str
    serial: int

    def apply(self, mandate: Mandate) -> None:
        mandate.status = "submitted_to_bank"
        mandate.batch_id = self.batch_id


@fact("mandate.withdrawn")
class MandateWithdrawn(Fact):
    """The file did not go to the bank in time; it goes with the next one.

    Attributes:
        mandate_id, batch_id: public ids.
    """

    mandate_id: str
    batch_id: str

    def apply(self, mandate: Mandate) -> None:
        mandate.status = "consented"
        mandate.batch_id = ""


@fact("mandate.activated")
class MandateActivated(Fact):
    """The bank has registered it: money can be collected.

    Attributes:
        mandate_id: public id.
    """

    mandate_id: str

    def apply(self, mandate: Mandate) -> None:
        mandate.status = "active"
        mandate.at_bank = True


@fact("mandate.failed")
class MandateFailed(Fact):
    """It came to nothing.

    Attributes:
        mandate_id: public id.
        code: consent_rejected, consent_timeout, or the bank's reason.
        ended_on: KST date; the evidence is kept 5 years from here.
    """

    mandate_id: str
    code: str
    ended_on: date

    def apply(self, mandate: Mandate) -> None:
        mandate.status = "failed"
        mandate.step = ""


@fact("mandate.suspended")
class MandateSuspended(Fact):
    """Nothing is collected for the time being.

    Attributes:
        mandate_id: public id.
        reason: in words of the business.
    """

    mandate_id: str
    reason: str

    def apply(self, mandate: Mandate) -> None:
        mandate.status = "suspended"


@fact("mandate.resumed")
class MandateResumed(Fact):
    """Money is collected again.

    Attributes:
        mandate_id: public id.
    """

    mandate_id: str

    def apply(self, mandate: Mandate) -> None:
        mandate.status = "active"


@fact("mandate.cancelled")
class MandateCancelled(Fact):
    """It has ended; unless the bank ended it, the bank is told with the next file.

    Attributes:
        mandate_id: public id.
        by: payer, biller or bank.
        reason: in words, or the bank's code.
        ended_on: KST date.
    """

    mandate_id: str
    by: str
    reason: str
    ended_on: date

    def apply(self, mandate: Mandate) -> None:
        mandate.status = "cancelled"
        mandate.at_bank = mandate.at_bank and self.by != "bank"


@fact("mandate.superseded")
class MandateSuperseded(Fact):
    """Another one has taken its place, in the commit in which that one became active (SPEC R-116).

    Attributes:
        mandate_id, by_mandate_id: public ids.
        ended_on: KST date.
    """

    mandate_id: str
    by_mandate_id: str
    ended_on: date

    def apply(self, mandate: Mandate) -> None:
        mandate.status = "superseded"
        mandate.successor = self.by_mandate_id


@fact("mandate.end_submitted")
class MandateEndSubmitted(Fact):
    """The bank is told, by a line of a file, that it has ended.

    Attributes:
        mandate_id, batch_id: public ids.
        serial: its line in the file.
    """

    mandate_id: str
    batch_id: str
    serial: int

    def apply(self, mandate: Mandate) -> None:
        mandate.at_bank = False
        mandate.end_batch_id = self.batch_id


@fact("mandate.end_withdrawn")
class MandateEndWithdrawn(Fact):
    """The file that should have told the bank did not go; the next one tells it.

    Attributes:
        mandate_id, batch_id: public ids.
    """

    mandate_id: str
    batch_id: str

    def apply(self, mandate: Mandate) -> None:
        mandate.at_bank = True
        mandate.end_batch_id = ""


@fact("mandate.replacement_asked")
class ReplacementAsked(Fact):
    """Another mandate is on its way to take its place; until then this one stays as it is.

    Attributes:
        mandate_id, by_mandate_id: public ids; null = that one came to nothing.
    """

    mandate_id: str
    by_mandate_id: str | None

    def apply(self, mandate: Mandate) -> None:
        mandate.successor = self.by_mandate_id or ""


@fact("mandate.month_used")
class MandateMonthUsed(Fact):
    """What is to be collected in a month that has a bound (SPEC R-114).

    Attributes:
        mandate_id: public id.
        month: "YYYY-MM" of the day of collection.
        used_minor: all of that month, after this.
    """

    mandate_id: str
    month: str
    used_minor: int

    def apply(self, mandate: Mandate) -> None:
        kept = {month: used for month, used in mandate.months.items() if month >= self.month[:4]}
        mandate.months = {**kept, self.month: self.used_minor}


@fact("mandate.evidence_dated")
class EvidenceDated(Fact):
    """It is settled until when account data and evidence are kept.

    Attributes:
        mandate_id: public id.
        until: last KST day.
    """

    mandate_id: str
    until: date

    def apply(self, mandate: Mandate) -> None:
        pass
