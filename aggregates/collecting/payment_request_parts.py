"""What a payment request is made of, and every way in which it says no (SPEC 9, R-101 to R-107)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from aggregates.errors import Conflict, NotFound, Rejected
from aggregates.plain import direct

PREFIX = "prq"

Side = Literal["payee", "payer"]
"""Who asks for the money, and who is asked."""

Via = Literal["account", "page", "service"]
"""How somebody acted: by a key of their own account; on the page behind their link; through an internal service."""

SENT, ACCEPTED, REJECTED, WITHDRAWN, EXPIRED = "sent", "accepted", "rejected", "withdrawn", "expired"
"""A request's own states; what is paid of an accepted one its obligation says."""

PARTIALLY_PAID, PAID, REVERSED = "partially_paid", "paid", "reversed"
"""What an accepted request is called by its obligation."""

AMENDMENT_PROPOSED, AMENDMENT_ACCEPTED, AMENDMENT_REJECTED, AMENDMENT_WITHDRAWN = (
    "proposed",
    "accepted",
    "rejected",
    "withdrawn",
)

ATTACHMENTS_MAX = 5
ATTACHMENT_BYTES_MAX = 10 * 1024 * 1024
ATTACHMENT_TYPES = ("jpg", "jpeg", "pdf", "png", "xlsx", "zip")
"""What may be attached (SPEC R-106)."""

EXPIRY_DAYS = 30
"""So many days after its due date a request without an answer expires, unless a setting says otherwise (SPEC R-103)."""

DUE_DAYS_MAX = 1_826
"""Five years: so far ahead money may be asked for."""

DETAILS_MAX = 2_000
REASON_MAX = 500
VERSIONS_MAX = 50
AMENDMENTS_MAX = 50
"""Bounds of texts, and of how often one request may be changed."""

REJECTION_CODES = (
    "not_ordered",
    "not_delivered",
    "wrong_amount",
    "wrong_due_date",
    "already_paid",
    "unknown_requester",
    "other",
)
"""Why somebody may say no (SPEC R-107); what they write beside lies in the vault."""


@direct
@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a request; its bytes and its name lie in the vault.

    Attributes:
        attachment_id: vault token.
        type: jpg, jpeg, pdf, png, xlsx or zip, as its bytes say.
        size_bytes: length.
        sha256: of its bytes, in hex.
    """

    attachment_id: str
    type: str
    size_bytes: int
    sha256: str


@direct
@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked for.

    Attributes:
        amount_minor: > 0.
        due_on: KST date by which it is to be paid.
        details: vault token of what it is for; None = nothing was written.
        attachments: at most 5.
    """

    amount_minor: int
    due_on: date
    details: str | None
    attachments: tuple[Attachment, ...]


@direct
@dataclass(frozen=True, slots=True)
class Amendment:
    """A change that one side has proposed and the other one has not answered.

    Attributes:
        number: from 1. side: who proposes. terms: what shall be asked for.
    """

    number: int
    side: str
    terms: Terms


class RequestNotFound(NotFound):
    """There is no such payment request."""

    code = "payment_request_not_found"


class CounterpartyIsSelf(Rejected):
    """An account does not ask itself for money."""

    code = "counterparty_is_self"


class CounterpartyCurrency(Rejected):
    """The account that is asked has another currency."""

    code = "counterparty_currency"


class RequestAmountTooLarge(Rejected):
    """More than one request may ask for."""

    code = "request_amount_too_large"


class DueDateNotAllowed(Rejected):
    """The due date lies before today, or too far ahead."""

    code = "due_date_not_allowed"


class TooManyAttachments(Rejected):
    """More files than a request may have (SPEC R-106)."""

    code = "attachments_too_many"


class NotForThisSide(Rejected):
    """The other side of the request does this: nobody answers what they have asked themselves."""

    code = "not_for_this_side"


class RequestAnswered(Conflict):
    """The request was answered, withdrawn or has expired; `status` says which (SPEC R-101)."""

    code = "payment_request_closed"


class RequestNotAccepted(Conflict):
    """The request was not accepted; `status` says what it is."""

    code = "payment_request_not_accepted"


class RequestPaid(Conflict):
    """The request is paid; what was agreed is not changed any more."""

    code = "payment_request_paid"


class VersionSuperseded(Conflict):
    """The answer is to a version that another one has replaced; `version` is the present one (SPEC R-104)."""

    code = "version_superseded"


class TooManyChanges(Conflict):
    """The request was changed as often as one may be."""

    code = "payment_request_changes_exhausted"


class AmendmentOpen(Conflict):
    """A change is proposed and has no answer yet."""

    code = "amendment_open"


class AmendmentUnknown(Conflict):
    """No such change waits for an answer."""

    code = "amendment_not_open"


class AmendmentBelowPaid(Rejected):
    """What was paid already is more than what shall be asked for; `minimum` is what was paid."""

    code = "amendment_below_paid"


class RejectionCodeUnknown(Rejected):
    """The reason is none of those there are; `allowed` names them (SPEC R-107)."""

    code = "rejection_code_unknown"


class CounterpartyKnown(Conflict):
    """It is on record who the counterparty is."""

    code = "counterparty_bound"
