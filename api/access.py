"""Who may do what: scopes, the seven roles made of them, and the rules that tie a key to its own account.

Everything is denied unless a role has the scope that the operation declares; a key's own scopes can only take away.
What belongs to another account is answered exactly as if it did not exist. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from aggregates import ids
from aggregates.errors import NotFound
from api.problems import NotAllowed

SCOPES: dict[str, str] = {
    "keys:read": "list API keys, without their secrets",
    "keys:write": "issue and revoke API keys",
    "metrics:read": "read the service's metrics",
    "accounts:read": "read accounts",
    "accounts:write": "open accounts",
    "accounts:manage": "freeze, unfreeze and close accounts",
    "charges:read": "read charges and lots",
    "charges:write": "record charges and deposits",
    "charges:cancel": "cancel charges",
    "charges:charge_back": "record chargebacks, and payments of what they left owing",
    "deposits:manage": "credit or return deposits that could not be booked",
    "payments:read": "read payments at the gateway",
    "payments:write": "start payments at the gateway",
    "spends:read": "read spends",
    "spends:write": "spend",
    "spends:settle": "capture and return spends, refund differences",
    "refunds:read": "read and preview refund requests, account numbers masked",
    "refunds:request": "request refunds, and name another bank account where a pay-out failed",
    "refunds:cancel": "withdraw refund requests",
    "refunds:review": "review, complete and reject refund requests",
    "refunds:payout": "approve pay-outs, and record what the bank says of them",
    "limits:read": "read limits",
    "limits:write": "set credit limits and cash-convertible limits",
    "members:write": "set the monthly limits of sub-members",
    "transfers:write": "transfer between accounts",
    "adjustments:read": "read adjustments",
    "adjustments:write": "propose adjustments",
    "adjustments:approve": "approve and reject adjustments",
    "settlements:write": "record settlement payments of postpaid accounts",
    "invoices:read": "read invoices",
    "invoices:write": "adjust invoices, pay out credit, and lift the block of overdue invoices",
    "receivables:read": "read the aged receivables of all accounts",
    "transactions:read": "read transactions",
    "statements:read": "read statements",
    "documents:read": "list documents, read what is known of them, and have them verified",
    "documents:files": "download documents, with the names that stand in them",
    "documents:write": "issue documents",
    "journal:read": "read the journal, the trial balance and the closed periods",
    "periods:close": "close periods of the books",
    "reconciliation:read": "read lines of providers and banks, what they stand for, and the daily proof",
    "reconciliation:write": "take files of providers and banks, match lines by hand",
    "exports:read": "read and download exports of what the key may read",
    "exports:write": "ask for exports of what the key may read, and delete them",
    "events:read": "read facts",
    "seal:read": "read the seal",
    "products:read": "read the catalogue",
    "products:write": "keep the catalogue",
    "quotes:read": "read quotes",
    "quotes:write": "issue quotes",
    "anniversaries:read": "read anniversary rules; recipients masked unless the key is bound to the account",
    "anniversaries:write": "make, switch and end anniversary rules",
    "orders:read": "read orders, their recipients and voids; people masked unless the key is bound to the account",
    "orders:write": "place, preview and cancel orders, send messages again, ask for voids",
    "orders:choose": "record the choice of a recipient whose identity the caller has checked",
    "voids:decide": "approve and reject requests to void coupons",
    "contacts:read": "read the address book and the contact for notices; masked unless the key is bound to the account",
    "contacts:write": "change the address book and the contact for notices",
    "senders:read": "read sender profiles, managers' numbers masked",
    "senders:write": "make, order and remove sender profiles",
    "uploads:write": "upload files of recipients or contacts, and download their bad rows",
    "collections:read": "read what is asked for and what was collected (requests, links, bills, ...); people masked",
    "collections:write": "ask for money, and pay it out by links; refund what was collected",
    "collections:pay": "do what a payer may, for one whom the caller has checked: pay, forward, switch auto-pay",
    "withdrawals:decide": "approve and reject withdrawals of collected money",
    "sandbox:use": "move the sandbox's clock, and play scenarios with its providers",
    "batches:write": "send batches; each item needs the scope of its own operation too",
}
"""Scope -> what it allows, for people."""

_MONEY_READS = frozenset(
    {
        "accounts:read",
        "charges:read",
        "payments:read",
        "spends:read",
        "refunds:read",
        "limits:read",
        "invoices:read",
        "transactions:read",
        "statements:read",
        "documents:read",
        "collections:read",
    }
)
_PAPERS = frozenset({"documents:read", "documents:files", "documents:write"})
_CATALOGUE_READS = frozenset({"products:read", "quotes:read"})
_BOOK_READS = (
    _MONEY_READS
    | _CATALOGUE_READS
    | {"adjustments:read", "journal:read", "events:read", "seal:read", "metrics:read", "orders:read"}
    | {"exports:read", "exports:write"}
    | {"receivables:read"}
    | {"reconciliation:read"}
)
_OWN_ORDERS = _CATALOGUE_READS | {
    "quotes:write",
    "anniversaries:read",
    "anniversaries:write",
    "orders:read",
    "orders:write",
}

_OWN_PEOPLE = frozenset({"contacts:read", "contacts:write", "uploads:write", "senders:read"})

ROLES: dict[str, frozenset[str]] = {
    "admin": frozenset({"keys:read", "keys:write", "metrics:read", "sandbox:use"}),
    "operator": _MONEY_READS
    | _CATALOGUE_READS
    | {
        "products:write",
        "reconciliation:read",
        "documents:files",
        "orders:read",
        "voids:decide",
        "senders:read",
        "accounts:write",
        "accounts:manage",
        "charges:cancel",
        "charges:charge_back",
        "deposits:manage",
        "spends:settle",
        "refunds:cancel",
        "refunds:review",
        "refunds:payout",
        "withdrawals:decide",
        "limits:write",
        "members:write",
        "adjustments:read",
        "adjustments:write",
        "adjustments:approve",
        "settlements:write",
        "collections:write",
        "collections:pay",
        "invoices:write",
        "receivables:read",
        "batches:write",
        "metrics:read",
        "sandbox:use",
    },
    "service": _OWN_ORDERS
    | _PAPERS
    | frozenset(
        {
            "accounts:read",
            "accounts:write",
            "charges:read",
            "charges:write",
            "payments:read",
            "payments:write",
            "sandbox:use",
            "charges:cancel",
            "spends:read",
            "spends:write",
            "spends:settle",
            "refunds:read",
            "refunds:request",
            "refunds:cancel",
            "limits:read",
            "orders:choose",
            "transfers:write",
            "collections:read",
            "collections:write",
            "collections:pay",
            "settlements:write",
            "invoices:read",
            "transactions:read",
            "contacts:read",
            "contacts:write",
            "uploads:write",
            "senders:read",
            "senders:write",
            "batches:write",
        }
    ),
    "accountant": _BOOK_READS | _PAPERS | {"periods:close", "reconciliation:write"},
    "auditor": _BOOK_READS | {"keys:read", "contacts:read", "senders:read", "anniversaries:read"},
    "master": _MONEY_READS
    | _PAPERS
    | {
        "charges:cancel",
        "collections:write",
        "members:write",
        "payments:write",
        "refunds:cancel",
        "refunds:request",
        "senders:write",
        "spends:write",
    }
    | _OWN_ORDERS
    | _OWN_PEOPLE,
    "sub": frozenset({"spends:read", "spends:write", "limits:read"}) | _PAPERS | _OWN_ORDERS | _OWN_PEOPLE,
}
"""Role -> all that it may ever do (docs/api.md, SPEC 1.4)."""

BOUND_ROLES = frozenset({"master", "sub"})
"""Roles whose keys belong to one account (a sub's to one member of it)."""


class Caller(NamedTuple):
    """Who sent the request.

    Attributes:
        principal: scope of its idempotency keys and actor of its facts, "key_<id>".
        owner: opaque person behind it; the principal where not told.
        role: one of `ROLES`.
        scopes: what it may do: its role's, less what the key gave up.
        account_id: the only account it may name; None for roles that see all.
        member_id: the only member it may be; None except for a sub.
    """

    principal: str
    owner: str
    role: str
    scopes: frozenset[str]
    account_id: str | None = None
    member_id: str | None = None

    def must(self, scope: str) -> None:
        """Raise: NotAllowed, naming the scope, unless the caller has it."""
        if scope not in self.scopes:
            raise NotAllowed(f"this needs the scope {scope}, which the key does not have", scope=scope)


ObjectRule = Callable[[Caller, Mapping[str, str]], None]
"""Says, from the path alone, whether the thing named may be the caller's. Raises what a missing thing would raise."""


def unbound(caller: Caller, params: Mapping[str, str]) -> None:
    """The operation spans accounts: keys that belong to one account may not use it."""
    if caller.account_id is not None:
        raise NotAllowed("this spans all accounts; the key belongs to one")


def filtered(caller: Caller, params: Mapping[str, str]) -> None:
    """The operation itself narrows what it shows or does to the caller's account."""


def shared(name: str = "", prefix: str = "") -> ObjectRule:
    """Return the rule for what belongs to no account and is the same for all: its id only has to look like one."""

    def same_for_all(caller: Caller, params: Mapping[str, str]) -> None:
        if name:
            ids.parse(params[name], prefix)

    return same_for_all


def own_account(caller: Caller, params: Mapping[str, str]) -> None:
    """The path names an account: a bound key may name only its own. Raises: NotFound."""
    account_id = ids.parse(params["account_id"], "acc").account_id
    if caller.account_id is not None and caller.account_id != account_id:
        raise NotFound("there is no such account")


def own_child(name: str, prefix: str) -> ObjectRule:
    """Return the rule for a path whose parameter `name` is what was born on an account, e.g. ("refund_id", "rfd")."""

    def own(caller: Caller, params: Mapping[str, str]) -> None:
        account_id = ids.parse(params[name], prefix).account_id
        if caller.account_id is not None and caller.account_id != account_id:
            raise NotFound("there is no such thing on the account")

    return own


def hidden() -> NotFound:
    """Return what a bound key is told about anything that is not there or not its own: one answer for both."""
    return NotFound("there is nothing under this id")
