"""API keys: issue, list, revoke. The key itself is shown once and never stored."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any

from aggregates.dates import rfc3339
from aggregates.errors import Malformed, NotFound, Rejected
from api import auth, shapes
from api.access import BOUND_ROLES, ROLES, unbound
from api.ask import Ask, page_reply
from api.bodies import KeyBody
from api.fields import PageQuery, instant
from api.keystore import KeyRow
from api.operation import operation, reads
from api.reply import Reply, of_view
from ledger.recall import KeyReused

LIFE = timedelta(days=365)
LIFE_MAX = timedelta(days=366)


class ScopeNotAllowed(Rejected):
    """A key's scopes may only narrow its role."""

    code = "scope_not_allowed"


class BindingNotAllowed(Rejected):
    """A master's key is bound to an account, a sub's to a member of it as well, all others to nothing."""

    code = "binding_not_allowed"


class ExpiryOutOfRange(Rejected):
    """A key lives at most one year."""

    code = "expiry_out_of_range"


@operation(
    "POST",
    "/v1/keys",
    scope="keys:write",
    rule=unbound,
    body=KeyBody,
    answer=shapes.Key,
    status=201,
    raises=(ScopeNotAllowed, BindingNotAllowed, ExpiryOutOfRange),
)
async def create_key(ask: Ask, body: KeyBody) -> Reply:
    """Issue an API key. `key` is shown in this answer only: a replay of the same Idempotency-Key says null there."""
    store, now = ask.house.keys, ask.house.keys.now()
    if body.account_id is not None:
        await ask.house.engine.account(body.account_id)
    key_id = auth.derived_id(f"{ask.caller.principal}\0{ask.key}".encode())
    key, secret_hash = auth.make(ask.house.environment, key_id)
    row = KeyRow(
        id=key_id,
        secret_hash=secret_hash,
        role=body.role,
        scopes=None if body.scopes is None else sorted(set(body.scopes)),
        account_id=body.account_id,
        member_id=body.member_id,
        owner=body.owner or f"key_{key_id}",
        environment=ask.house.environment,
        created_at=now,
        created_by=ask.caller.principal,
        expires_at=body.expires_at or now + LIFE,
    )
    stored = await store.find(key_id)
    if stored is None:
        check(body, now)
        if await store.add(row):
            ask.house.authenticator.forget(key_id)
            return of_view({**key_json(row), "key": key}, await ask.position(), 201)
        stored = await store.find(key_id)
    if stored is None or not _same(stored, row, default_expiry=body.expires_at is None):
        raise KeyReused("Idempotency-Key was used for another request; a new request needs a new key")
    replay = of_view({**key_json(stored), "key": None, "revoked_at": None}, await ask.position(), 201)
    return replay._replace(headers=(*replay.headers, (b"idempotent-replayed", b"true")))


@reads(
    "/v1/keys",
    scope="keys:read",
    rule=unbound,
    query=PageQuery,
    answer=shapes.list_of(shapes.Key),
)
async def list_keys(ask: Ask, query: PageQuery) -> Reply:
    """List API keys, newest first, without their secrets."""
    limit = query.limit or 50
    rows = await ask.house.keys.page(_place(query.cursor), limit + 1)
    cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        cursor = urlsafe_b64encode(f"{rfc3339(last.created_at)} {last.id}".encode()).decode()
    return page_reply(([key_json(row) for row in rows[:limit]], cursor), await ask.position())


@operation("DELETE", "/v1/keys/{key_id}", scope="keys:write", rule=unbound, answer=shapes.Key)
async def revoke_key(ask: Ask, key_id: str) -> Reply:
    """Revoke an API key; it stops working everywhere within five seconds. Revoking it again changes nothing."""
    bare_id = key_id.removeprefix("key_")
    row = await ask.house.keys.revoke(bare_id, ask.caller.principal)
    if row is None:
        raise NotFound("there is no key with this id")
    ask.house.authenticator.forget(bare_id)
    return of_view(key_json(row), await ask.position())


def check(body: KeyBody, now: datetime) -> None:
    """Check what a new key may be.

    Raises:
        ScopeNotAllowed, BindingNotAllowed, ExpiryOutOfRange.
    """
    if body.scopes is not None and not set(body.scopes) <= ROLES[body.role]:
        allowed = sorted(ROLES[body.role])
        raise ScopeNotAllowed("scopes may only narrow the role; allowed says what it has", allowed=allowed)
    if (body.account_id is not None) != (body.role in BOUND_ROLES):
        raise BindingNotAllowed("account_id is for the roles master and sub, and they need it", field="account_id")
    if (body.member_id is not None) != (body.role == "sub"):
        raise BindingNotAllowed("member_id is for the role sub, and it needs it", field="member_id")
    if body.expires_at is not None and not now < body.expires_at <= now + LIFE_MAX:
        raise ExpiryOutOfRange("expires_at must lie in the future, at most one year ahead", field="expires_at")


def key_json(row: KeyRow) -> dict[str, Any]:
    """Return a key as people see it, without any secret."""
    return {
        "id": f"key_{row.id}",
        "role": row.role,
        "scopes": sorted(ROLES[row.role] if row.scopes is None else row.scopes),
        "account_id": row.account_id,
        "member_id": row.member_id,
        "owner": row.owner,
        "environment": row.environment,
        "created_at": rfc3339(row.created_at),
        "created_by": row.created_by,
        "expires_at": None if row.expires_at is None else rfc3339(row.expires_at),
        "revoked_at": None if row.revoked_at is None else rfc3339(row.revoked_at),
    }


def _same(stored: KeyRow, wanted: KeyRow, *, default_expiry: bool) -> bool:
    """Say whether a stored key is what the same request would have made."""
    expires_at = stored.created_at + LIFE if default_expiry else wanted.expires_at
    names = ("role", "scopes", "account_id", "member_id", "owner", "environment", "created_by")
    return stored.expires_at == expires_at and all(getattr(stored, name) == getattr(wanted, name) for name in names)


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    try:
        created_at, _, key_id = urlsafe_b64decode(cursor.encode()).decode("ascii").partition(" ")
        return instant(created_at), key_id
    except ValueError:
        raise Malformed("cursor must be the next_cursor of a page of this list", field="cursor") from None
