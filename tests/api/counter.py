"""The counter in front of the application: keys of every role, requests under fresh keys, accounts with money."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import httpx

from api import auth
from api.app import LedgerApp
from api.ask import House
from api.keystore import KeyRow

_numbers = itertools.count(1)


class Counter:
    """Sends requests to the application, in process."""

    def __init__(self, app: LedgerApp) -> None:
        self.app = app
        self.house: House = app.state.house
        transport = httpx.ASGITransport(app=app, client=("203.0.113.9", 4711))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://ledger.test")
        self._keys: dict[tuple[str, ...], str] = {}

    async def close(self) -> None:
        """Let go of the client."""
        await self.client.aclose()

    async def key(self, role: str, **row: Any) -> str:
        """Issue a key of a role, past the front door, and return it."""
        key_id = f"{next(_numbers):012d}"
        key, secret_hash = auth.make(row.get("environment", "test"), key_id)
        now = self.house.keys.now()
        values: dict[str, Any] = {
            "scopes": None,
            "account_id": None,
            "member_id": None,
            "owner": f"key_{key_id}",
            "environment": "test",
            "created_at": now,
            "created_by": "test",
            "expires_at": now + timedelta(days=1),
            **row,
        }
        assert await self.house.keys.add(KeyRow(id=key_id, secret_hash=secret_hash, role=role, **values))
        return key

    async def role_key(self, role: str, account_id: str | None = None, member_id: str | None = None) -> str:
        """Return the key of a role, the same one each time."""
        name = (role, account_id or "", member_id or "")
        if name not in self._keys:
            self._keys[name] = await self.key(role, account_id=account_id, member_id=member_id)
        return self._keys[name]

    async def send(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        role: str = "service",
        key: str | None = None,
        idempotency_key: str | None = "fresh",
        content: bytes | None = None,
        min_position: str | None = None,
    ) -> httpx.Response:
        """Send one request.

        Args:
            role: whose key is used unless `key` is given.
            idempotency_key: "fresh" = one that nobody has used, on a POST or PATCH; None = none.
            min_position: Ledger-Min-Position.
        """
        sent = {"authorization": f"Bearer {key or await self.role_key(role)}"}
        if idempotency_key != "fresh" and idempotency_key is not None:
            sent["idempotency-key"] = idempotency_key
        elif idempotency_key == "fresh" and method in ("POST", "PATCH"):
            sent["idempotency-key"] = f"fresh-key-{next(_numbers)}"
        if content is not None:
            sent["content-type"] = "application/json"
        if min_position is not None:
            sent["ledger-min-position"] = min_position
        return await self.client.request(method, path, json=json, content=content, headers=sent)

    async def get(
        self, path: str, *, role: str = "auditor", key: str | None = None, min_position: str | None = None
    ) -> httpx.Response:
        """Read."""
        return await self.send("GET", path, role=role, key=key, min_position=min_position)

    async def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        """Write."""
        return await self.send("POST", path, {} if json is None else json, **more)

    async def account(self, amount: int = 0, **body: Any) -> str:
        """Open an account, charge it, and return its id."""
        opened = await self.post("/v1/accounts", {"name": "Blue Kite Trading", "mode": "prepaid", **body})
        assert opened.status_code == 201, opened.text
        account_id: str = opened.json()["id"]
        if amount:
            charged = await self.post(f"/v1/accounts/{account_id}/charges", {"amount": amount, "method": "card"})
            assert charged.status_code == 201, charged.text
        return account_id
