"""Changes of accepted payment requests: proposed by one side, decided by the other (SPEC R-104)."""

from __future__ import annotations

from aggregates.collecting import obligation_parts as due
from aggregates.collecting import payment_request_parts as parts
from aggregates.collecting.payment_request_parts import Side
from aggregates.errors import Malformed
from api.ask import Ask
from api.operation import operation, writes
from api.payment_request_bodies import AmendmentBody, RejectAmendmentBody, SideBody
from api.payment_request_papers import Papers
from api.payment_request_sides import ONE, RULES, TERMS_RULES, taken_terms, today, via_of
from api.refusals import rules
from api.reply import Reply
from api.shapes import payment_requests as shapes
from ledger.commands.collecting.request_amendments import (
    AcceptAmendment,
    ProposeAmendment,
    RejectAmendment,
    WithdrawAmendment,
)


@operation(
    "POST",
    "/v1/payment-requests/{request_id}/amendments",
    scope="collections:write",
    rule=ONE,
    body=AmendmentBody,
    answer=shapes.AmendmentStep,
    status=201,
    raises=(*TERMS_RULES, *RULES),
)
async def propose_amendment(ask: Ask, request_id: str, body: AmendmentBody) -> Reply:
    """Propose to change what was agreed; it changes when the other side accepts, and not before."""
    side = _side(ask, body.side)
    papers, terms = await taken_terms(ask, request_id, body, side)
    command = ProposeAmendment(request_id, ask.caller.account_id, side, terms, via_of(ask))
    return await papers.submit(command, body)


@writes(
    "/v1/payment-requests/{request_id}/amendments/{number}/accept",
    scope="collections:write",
    rule=ONE,
    body=SideBody,
    answer=shapes.AmendmentStep,
    raises=(*rules(due), *RULES),
)
async def accept_amendment(ask: Ask, request_id: str, number: str, body: SideBody) -> AcceptAmendment:
    """Agree to the change that the other side has proposed: it is a new version, and what is owed now."""
    side = _side(ask, body.side)
    return AcceptAmendment(request_id, ask.caller.account_id, side, _number(number), via_of(ask))


@operation(
    "POST",
    "/v1/payment-requests/{request_id}/amendments/{number}/reject",
    scope="collections:write",
    rule=ONE,
    body=RejectAmendmentBody,
    answer=shapes.AmendmentStep,
    raises=RULES,
)
async def reject_amendment(ask: Ask, request_id: str, number: str, body: RejectAmendmentBody) -> Reply:
    """Say no to a change, with a reason; what was agreed holds."""
    side, which = _side(ask, body.side), _number(number)
    papers = Papers(ask, today(ask))
    text = await papers.text(body.text)
    command = RejectAmendment(request_id, ask.caller.account_id, side, which, body.code, text, via_of(ask))
    return await papers.submit(command, body)


@writes(
    "/v1/payment-requests/{request_id}/amendments/{number}/withdraw",
    scope="collections:write",
    rule=ONE,
    body=SideBody,
    answer=shapes.AmendmentStep,
    raises=RULES,
)
async def withdraw_amendment(ask: Ask, request_id: str, number: str, body: SideBody) -> WithdrawAmendment:
    """Take back a change that one has proposed oneself."""
    side = _side(ask, body.side)
    return WithdrawAmendment(request_id, ask.caller.account_id, side, _number(number), via_of(ask))


def _side(ask: Ask, side: Side | None) -> Side | None:
    """Return for which side somebody acts; None = the decision tells by the account. Raises: Malformed."""
    if side is None and ask.caller.account_id is None:
        raise Malformed("side is needed: the key is bound to neither side", field="side")
    return side


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise parts.AmendmentUnknown("no such change waits for an answer")
    return int(text)
