"""Making API keys without HTTP: by whoever owns the machine, with the same checks."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from pathlib import Path

from api import auth
from api.app import environment_of
from api.bodies import KeyBody
from api.cli.keys import PRINCIPAL, with_store
from api.cli.runtime import Opened, write_secret
from api.keystore import KeyRow
from api.routes.keys import LIFE, check
from ledger.clock import SystemClock
from ledger.engine import Engine
from ledger.store import Store


async def issue(ledger: Opened, body: KeyBody, life: timedelta = LIFE) -> tuple[str, KeyRow]:
    """Make and store a key; return it with its row.

    Raises:
        ScopeNotAllowed, BindingNotAllowed: the role cannot have it.
        NotFound: there is no such account.
    """
    if body.account_id is not None:
        await _check_account(ledger, body.account_id)
    environment = environment_of(ledger.settings)
    key_id = auth.derived_id(secrets.token_bytes(32))
    key, secret_hash = auth.make(environment, key_id)
    async with with_store(ledger) as store:
        now = store.now()
        check(body, now)
        row = KeyRow(
            id=key_id,
            secret_hash=secret_hash,
            role=body.role,
            scopes=None if body.scopes is None else sorted(set(body.scopes)),
            account_id=body.account_id,
            member_id=body.member_id,
            owner=body.owner or f"key_{key_id}",
            environment=environment,
            created_at=now,
            created_by=PRINCIPAL,
            expires_at=now + life,
        )
        await store.add(row)
    return key, row


def issue_once(ledger: Opened, file: Path, body: KeyBody) -> bool:
    """Issue a key into a 0600 file unless the file is there. Returns whether it was made."""
    if file.exists():
        return False
    key, _ = asyncio.run(issue(ledger, body))
    write_secret(file, key)
    return True


async def _check_account(ledger: Opened, account_id: str) -> None:
    engine = Engine(Store(ledger.database.app, ledger.database.schema), SystemClock())
    await engine.start()
    try:
        await engine.account(account_id)
    finally:
        await engine.stop()
