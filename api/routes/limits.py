"""Limits: monthly credit, sub-members, cash-convertible goods.

A PUT without a key that would set what is set already records nothing and answers with the present state.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from aggregates.account import Account, standing
from aggregates.account import limits as limit_rules
from aggregates.dates import billing_month, business_date
from aggregates.errors import NotFound
from api import shapes
from api.access import own_account
from api.ask import Ask
from api.bodies import CashLimitBody, CreditLimitBody, MemberLimitBody
from api.operation import operation, reads
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view
from ledger.command import Command
from ledger.commands.limits import SetCashLimit, SetCreditLimit, SetMemberLimit
from ledger.shapes import account_json, member_limit_json

RULES = rules(limit_rules, standing)
_MEMBER_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)


@operation(
    "PUT",
    "/v1/accounts/{account_id}/credit-limit",
    scope="limits:write",
    rule=own_account,
    body=CreditLimitBody,
    answer=shapes.Account,
    raises=RULES,
)
async def set_credit_limit(ask: Ask, account_id: str, body: CreditLimitBody) -> Reply:
    """Set the monthly credit limit of a postpaid account, this month included."""
    await ask.check_currency({"account_id": account_id, "body": body})
    if ask.key is None:
        account, position = await ask.account(account_id)
        if account.credit_limit_minor == body.amount:
            return of_view(account_json(account.figures(ask.now()), account.version), position)
    return await _submit(ask, SetCreditLimit(account_id, body.amount, body.reason))


@operation(
    "PUT",
    "/v1/accounts/{account_id}/members/{member_id}/limit",
    scope="members:write",
    rule=own_account,
    body=MemberLimitBody,
    answer=shapes.MemberLimit,
    raises=RULES,
)
async def set_member_limit(ask: Ask, account_id: str, member_id: str, body: MemberLimitBody) -> Reply:
    """Grant, change, lift ("unlimited") or withdraw (null) a sub-member's monthly limit; nothing is deducted."""
    if not _MEMBER_ID.fullmatch(member_id):
        raise NotFound("there is no such member")
    account, position = await ask.account(account_id)
    known = account.members.get(member_id)
    cash_convertible = body.cash_convertible
    if cash_convertible is None:
        cash_convertible = known is not None and known.cash_convertible
    limit = body.monthly_limit
    wanted = SetMemberLimit(
        account_id,
        member_id,
        limit_minor=limit if isinstance(limit, int) else None,
        granted=limit is not None,
        unlimited=limit == "unlimited",
        cash_convertible=cash_convertible,
    )
    same = known is not None and (known.limit_minor, known.granted, known.unlimited, known.cash_convertible) == (
        wanted.limit_minor,
        wanted.granted,
        wanted.unlimited,
        wanted.cash_convertible,
    )
    if ask.key is None and same:
        return of_view(member_json(account, member_id, ask.now()), position)
    return await _submit(ask, wanted)


@operation(
    "PUT",
    "/v1/accounts/{account_id}/cash-limit",
    scope="limits:write",
    rule=own_account,
    body=CashLimitBody,
    answer=shapes.CashLimit,
    raises=RULES,
)
async def set_cash_limit(ask: Ask, account_id: str, body: CashLimitBody) -> Reply:
    """Permit cash-convertible goods up to an amount a month, or withdraw the permission (null)."""
    if ask.key is None:
        account, position = await ask.account(account_id)
        if account.cash_limit_minor == body.monthly_limit:
            return of_view({"month": _month(ask.now()), **cash_json(account, ask.now())}, position)
    return await _submit(ask, SetCashLimit(account_id, body.monthly_limit, body.reason))


@reads("/v1/accounts/{account_id}/limits", scope="limits:read", rule=own_account, answer=shapes.Limits)
async def get_limits(ask: Ask, account_id: str) -> Reply:
    """Read an account's limits in the present month; always current. A sub's key sees its own limit only."""
    account, position = await ask.account(account_id)
    return of_view(limits_json(account, ask.now(), ask.caller.member_id), position)


def limits_json(account: Account, at: datetime, member_id: str | None = None) -> dict[str, Any]:
    """Return an account's limits at instant `at`; with `member_id` only what that member may know."""
    members = [member_json(account, known, at) for known in sorted(account.members) if member_id in (None, known)]
    if member_id is not None:
        return {"month": _month(at), "limit": None, "used": None, "remaining": None, "members": members, "cash": None}
    figures = account.figures(at)
    return {
        "month": _month(at),
        "limit": figures.credit_limit_minor,
        "used": figures.used_this_month_minor,
        "remaining": figures.remaining_limit_minor,
        "members": members,
        "cash": None if account.cash_limit_minor is None else cash_json(account, at),
    }


def member_json(account: Account, member_id: str, at: datetime) -> dict[str, Any]:
    """Return one member's limit at instant `at`."""
    limit, month = account.members[member_id], _month(at)
    return member_limit_json(
        member_id,
        granted=limit.granted,
        unlimited=limit.unlimited,
        limit_minor=limit.limit_minor,
        used_minor=account.member_used.get(member_id, {}).get(month, 0),
        cash_convertible=limit.cash_convertible,
        month=month,
    )


def cash_json(account: Account, at: datetime) -> dict[str, Any]:
    """Return the limit of cash-convertible goods at instant `at`."""
    limit_minor, used_minor = account.cash_limit_minor, account.cash_used.get(_month(at), 0)
    remaining = None if limit_minor is None else limit_rules.remaining(limit_minor, used_minor)
    return {"limit": limit_minor, "used": used_minor, "remaining": remaining}


def _month(at: datetime) -> str:
    return billing_month(business_date(at))


async def _submit(ask: Ask, command: Command) -> Reply:
    return of_outcome(await ask.house.engine.submit(command, ask.call()))
