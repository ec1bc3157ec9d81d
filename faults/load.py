"""Clients that spend with a fresh key each time and retry blindly until they have a definite answer."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import httpx

from faults.history import History
from faults.service import BOOTSTRAP_KEY, Service

DEFINITE = frozenset({200, 201, 409, 422})
ANSWER_LIMIT_S, UNANSWERED_LIMIT_S = 6.0, 120.0
"""How long a client waits for one answer, and how long it asks again."""
RETRY_PAUSE_S = 0.05


class Clients:
    """Some clients on some accounts, until told to stop.

    Args:
        accounts: public ids of prepaid accounts; each client goes through them in turn.
        amount: of each spend.
    """

    def __init__(self, service: Service, api_key: str, accounts: list[str], history: History, amount: int = 10) -> None:
        self._service = service
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._accounts = accounts
        self._history = history
        self._amount = amount
        self._stop = asyncio.Event()

    async def run(self, clients: int) -> None:
        """Work until `stop`."""
        await asyncio.gather(*(self._client(number) for number in range(clients)))

    def stop(self) -> None:
        """Let each client finish what it has begun."""
        self._stop.set()

    async def _client(self, number: int) -> None:
        async with httpx.AsyncClient(base_url=self._service.url, timeout=ANSWER_LIMIT_S) as http:
            count = 0
            while not self._stop.is_set():
                key = f"load-{number}-{count:07}"
                account_id = self._accounts[count % len(self._accounts)]
                await self._until_answered(http, key, account_id)
                if count % 50 == 49:
                    # A caller whose answer was lost on its own side asks again: the answer must be the first one.
                    await self._until_answered(http, key, account_id)
                count += 1

    async def _until_answered(self, http: httpx.AsyncClient, key: str, account_id: str) -> None:
        give_up_at = time.monotonic() + UNANSWERED_LIMIT_S
        while time.monotonic() < give_up_at:
            self._history.sending(key)
            with suppress(httpx.HTTPError):
                headers = {**self._headers, "Idempotency-Key": key}
                answer = await http.post(
                    f"/v1/accounts/{account_id}/spends", json={"amount": self._amount}, headers=headers
                )
                if answer.status_code in DEFINITE:
                    position = int(answer.headers["ledger-position"])
                    self._history.answered(key, answer.status_code, answer.content, position)
                    return
                if answer.status_code not in (429, 503):
                    raise AssertionError(f"{answer.status_code}: {answer.text}")
            self._history.unanswered()
            await asyncio.sleep(RETRY_PAUSE_S)
        raise TimeoutError(f"{key} had no answer for {UNANSWERED_LIMIT_S:.0f} s")


async def prepare(service: Service, accounts: int, balance: int) -> tuple[str, str, list[str]]:
    """Make a service key and some prepaid accounts with money; return (principal, key, account ids)."""
    async with httpx.AsyncClient(base_url=service.url, timeout=ANSWER_LIMIT_S) as http:

        async def post(path: str, key: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
            headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": name}
            answer = await http.post(path, json=body, headers=headers)
            answer.raise_for_status()
            made: dict[str, Any] = answer.json()
            return made

        made = await post("/v1/keys", BOOTSTRAP_KEY, "faults-service-key", {"role": "service"})
        ids = []
        for number in range(accounts):
            body = {"name": f"Load {number}", "mode": "prepaid"}
            opened = await post("/v1/accounts", made["key"], f"open-{number:04}", body)
            charge = {"amount": balance, "method": "transfer"}
            await post(f"/v1/accounts/{opened['id']}/charges", made["key"], f"charge-{number:04}", charge)
            ids.append(opened["id"])
        return made["id"], made["key"], ids
