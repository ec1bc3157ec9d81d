"""One request on its way through a route, and the house it is asked in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from aggregates import ids
from aggregates.account import Account
from aggregates.account.transfers import CurrencyMismatch
from aggregates.collecting.payment_request_parts import EXPIRY_DAYS
from aggregates.errors import Malformed
from api.access import Caller
from api.auth import Authenticator
from api.docs import Description
from api.facts import StoredFacts
from api.keystore import KeyStore
from api.making import Making
from api.metrics import Metrics
from api.operation import Operation
from api.rates import Buckets
from api.reply import Reply, of_view
from api.views import Seen, Views
from ledger.callbacks import Callbacks
from ledger.command import Call
from ledger.documents.company import Company
from ledger.engine import Current, Engine
from ledger.ports import Ports
from ledger.ports.sandbox.state import SandboxState
from ledger.reconcile.profile import BUILT_IN_SOURCES, Sources
from ledger.vault import Vault
from projections.tracking import ViewBehind


@dataclass(frozen=True, slots=True)
class House:
    """What every request shares.

    Attributes:
        engine: the one door for writing. views: what readers see.
        keys, authenticator: API keys. vault: personal data, and the key that requests are hashed under.
        facts: the store, for auditors. metrics: what is counted.
        environment: "live" or "test", part of every key.
        description: of all operations, as OpenAPI and as a page.
        charge_methods, charge_maximum: how accounts may be charged, and the largest charge by method (settings).
        ports: providers of the world outside; None where there are none. callbacks: takes theirs; None likewise.
        sandbox: what the sandbox's providers keep; None where it is off.
        sources: of files of providers and banks.
        company: who issues documents; None = nobody has said, so none is issued.
        making: files that are being made, for longer than one request may take.
        payout_codes: how often a code may go to the phone of one payee.
        request_expiry_days: so long after its due date a payment request can be answered (settings; SPEC R-103).
        public_url: address under which people reach this service (settings); "" = links to its pages are paths.
    """

    engine: Engine
    views: Views
    keys: KeyStore
    authenticator: Authenticator
    vault: Vault
    facts: StoredFacts
    metrics: Metrics
    environment: str
    description: Description
    charge_methods: tuple[str, ...]
    charge_maximum: Mapping[str, int]
    ports: Ports | None = None
    callbacks: Callbacks | None = None
    sandbox: SandboxState | None = None
    sources: Sources = BUILT_IN_SOURCES
    company: Company | None = None
    making: Making = field(default_factory=Making)
    payout_codes: Buckets = field(default_factory=lambda: Buckets(1 / 60, 3))
    request_expiry_days: int = EXPIRY_DAYS
    public_url: str = ""


class Ask:
    """One request: who asks, for what, under which key.

    Attributes:
        request_id: "req_...". caller: who asks. operation: what. params: of the path. path: the operation's, with them.
        key: Idempotency-Key; None when not given. raw: the parsed body as sent, before its model; None without one.
        min_position: Ledger-Min-Position; None when not given.
    """

    __slots__ = ("caller", "house", "key", "min_position", "operation", "params", "path", "raw", "request_id")

    def __init__(
        self,
        house: House,
        operation: Operation,
        caller: Caller,
        params: dict[str, str],
        path: str,
        request_id: str,
        key: str | None = None,
        raw: Any = None,
        min_position: int | None = None,
    ) -> None:
        self.house = house
        self.operation = operation
        self.caller = caller
        self.params = params
        self.path = path
        self.request_id = request_id
        self.key = key
        self.raw = raw
        self.min_position = min_position

    def call(self, body: Any = None) -> Call:
        """Return who asks, under which key, as the engine wants it."""
        hashed = orjson.dumps(self.raw, option=orjson.OPT_SORT_KEYS)
        return Call(
            principal=self.caller.principal,
            owner=self.caller.owner,
            key=self.key,
            request_hash=self.house.vault.request_hash(self.operation.method, self.path, hashed),
            request_id=self.request_id,
            occurred_at=getattr(body, "occurred_at", None),
        )

    def now(self) -> datetime:
        """Return the ledger's time."""
        return self.house.engine.clock.now()

    async def position(self) -> int:
        """Return the position of the newest fact, for what is asked of another place than the ledger."""
        return (await self.house.facts.head()).position

    def see(self, *views: str) -> AbstractAsyncContextManager[Seen]:
        """Lend a connection on which these views have reached what the request asks for."""
        return self.house.views.see(*views, at_least=self.min_position)

    async def account(self, account_id: str) -> Current:
        """Return an account as of now. Raises: NotFound, Unavailable."""
        current = await self.house.engine.account(account_id)
        if self.min_position is not None and current.position < self.min_position:
            raise ViewBehind("the ledger has not reached Ledger-Min-Position", position=current.position)
        return current

    def is_currency_of(self, account_id: str, currency: str) -> bool:
        """Say whether an account is in memory and has this currency; it never changes."""
        account = self.house.engine.warm.get(ids.stream_id(account_id))
        return isinstance(account, Account) and account.version > 0 and account.currency == currency

    async def check_currency(self, arguments: dict[str, Any]) -> None:
        """Check a currency that stands beside an amount.

        Raises:
            NotFound: there is no such account. CurrencyMismatch: its currency is another one.
        """
        body = arguments.get("body")
        given = getattr(body, "currency", None)
        account_id = arguments.get("account_id") or next(
            (getattr(body, name) for name in ("account_id", "from_account_id") if getattr(body, name, None)), None
        )
        if account_id is None:
            owned = arguments.get("obligation_id") or arguments.get("link_id")
            account_id = None if owned is None else ids.account_of(owned)
        if given is None or account_id is None or self.is_currency_of(account_id, given):
            return
        currency = (await self.house.engine.account(account_id)).account.currency
        if given != currency:
            raise CurrencyMismatch("currency must be that of the account", currency=currency)


def page_reply(page: tuple[list[Any], str | None], position: int) -> Reply:
    """Return a page of a list."""
    items, next_cursor = page
    return of_view({"items": items, "next_cursor": next_cursor}, position)


def plain_number(text: bytes, name: str) -> int:
    """Read a header that holds a position.

    Raises:
        Malformed: it is no plain number of at most 18 digits.
    """
    if not (text.isdigit() and text.isascii() and len(text) <= 18):
        raise Malformed(f"{name} must be a position: a plain number", field=name)
    return int(text)
