"""Who asks and who is asked, and how each is told what has become of a payment request (SPEC Q3, Q4)."""

from __future__ import annotations

from typing import Final

from aggregates.collecting.payment_request import PaymentRequest
from aggregates.collecting.payment_request_parts import PREFIX, RequestNotFound, Side, Terms
from aggregates.collecting.telling import CHANNELS
from aggregates.fact import Stamp
from aggregates.ids import parse
from ledger.command import Streams
from ledger.commands.collecting.tellings import tell

SOURCE: Final = "request"


def known_request(streams: Streams, request_id: str) -> PaymentRequest:
    """Return a payment request. Raises: RequestNotFound."""
    parse(request_id, PREFIX)
    return streams.known(PaymentRequest, request_id, RequestNotFound)


def tell_both(streams: Streams, stamp: Stamp, request: PaymentRequest, event: str, **detail: int | str) -> None:
    """Tell both sides."""
    tell_side(streams, stamp, request, "payee", event, **detail)
    tell_side(streams, stamp, request, "payer", event, **detail)


def tell_side(
    streams: Streams, stamp: Stamp, request: PaymentRequest, side: Side, event: str, **detail: int | str
) -> None:
    """Tell one side, as the owner of its account or as a person with a link (SPEC Q3, Q4)."""
    figures: dict[str, int | str] = {
        "request_id": request.request_id,
        "payee_id": request.account_id,
        "currency": request.currency,
        **figures_of(request.terms),
        **detail,
    }
    is_person = side == "payer" and request.payer_account_id is None
    tell(
        streams,
        stamp,
        account_id=request.account_id if side == "payee" or is_person else request.payer_account_id or "",
        thing_id=request.request_id,
        kind=f"{SOURCE}.{event}",
        to=request.contact if is_person else None,
        channels=CHANNELS if is_person else None,
        detail=figures,
    )


def figures_of(terms: Terms) -> dict[str, int | str]:
    """Return what a message says of terms."""
    return {"amount": terms.amount_minor, "due_on": terms.due_on.isoformat()}
