"""The application: FastAPI for life cycle and description, our own dispatch for every request.

`create_app` builds it from an engine, the views' connections and the vault; whoever calls it has composed those.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import MappingProxyType
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import Lifespan

import api.routes  # noqa: F401  (importing it declares the operations)
from aggregates.account.charges import METHODS
from aggregates.collecting.payment_request_parts import EXPIRY_DAYS
from api import openapi
from api.ask import House
from api.auth import Authenticator, present
from api.dispatch import Dispatcher
from api.docs import Description
from api.facts import StoredFacts
from api.keystore import BOOTSTRAP, KeyRow, KeyStore
from api.lane import Lane
from api.metrics import Metrics
from api.public_pages import PREFIX as PUBLIC_PREFIX
from api.public_pages import PublicPages
from api.rates import Rates
from api.recipient_page import PREFIX, RecipientPage
from api.views import Views
from ledger.callbacks import Callbacks
from ledger.documents.company import Company
from ledger.engine import Engine
from ledger.ports.sandbox import SandboxState, sandbox_ports
from ledger.reconcile.profile import BUILT_IN_SOURCES, Sources
from ledger.settings import Settings
from ledger.vault import Vault

log = structlog.get_logger("api")

VERSION = "0.1.0"


_documents: dict[frozenset[tuple[str, ...]], dict[str, Any]] = {}
"""Which operations -> the document of them."""


class LedgerApp(FastAPI):
    """FastAPI whose HTTP requests go straight to the dispatcher, and readers of links to their page.

    Attributes:
        lane: what the server may offer a request to before it becomes an ASGI one.
        recipient_page, public_pages: what links under /c/ and under /p/ lead to.
    """

    dispatcher: Dispatcher
    lane: Lane
    recipient_page: RecipientPage
    public_pages: PublicPages

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer an HTTP request; leave the life cycle to FastAPI, and refuse WebSockets."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self.recipient_page(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(PUBLIC_PREFIX):
            await self.public_pages(scope, receive, send)
        elif scope["type"] == "http":
            await self.dispatcher(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, made once in a process: it depends on nothing but which operations there are."""
        routes = [route for route in self.routes if isinstance(route, APIRoute)]
        paths = frozenset((route.path, *sorted(route.methods or ())) for route in routes)
        if paths not in _documents:
            _documents[paths] = openapi.finish(super().openapi())
        return _documents[paths]


def create_app(
    engine: Engine,
    views: Views,
    vault: Vault,
    *,
    environment: str,
    bootstrap_key: str | None = None,
    rates: Rates | None = None,
    charge_methods: tuple[str, ...] = METHODS,
    charge_maximum: Mapping[str, int] = MappingProxyType({}),
    sandbox: SandboxState | None = None,
    company: Company | None = None,
    sources: Sources | None = None,
    request_expiry_days: int = EXPIRY_DAYS,
    public_url: str = "",
) -> LedgerApp:
    """Build the application from its parts; its life cycle starts and stops engine and views.

    Args:
        engine: not started yet. views: not opened yet. vault: personal data.
        environment: "live" or "test": only keys of this environment are let in.
        bootstrap_key: the operator's own first key, taken unless one was ever taken.
        rates: how often people's keys may ask; None = without bound.
        charge_methods: by which accounts may be charged. charge_maximum: method -> largest charge, minor units.
        sandbox: of the providers; None = there are no providers, and no routes of the sandbox.
        company: who issues documents; None = none are issued.
        sources: of files of providers and banks; None = the built-in ones.
        request_expiry_days: so long after its due date a payment request can be answered.
        public_url: address under which people reach this service; "" = links to its pages are paths.
    """
    store = KeyStore(views.connect)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            # Closed in the reverse order, and whatever fails: what stays open would keep the process from ending.
            if sandbox is not None:
                opened.push_async_callback(sandbox.close)
            opened.push_async_callback(views.close)
            await views.open()
            await engine.start()
            opened.push_async_callback(engine.stop)
            if bootstrap_key is not None:
                await take_bootstrap_key(store, bootstrap_key, environment)
            yield

    app = described(life, sandbox=sandbox is not None)
    metrics = Metrics(engine)
    house = House(
        engine=engine,
        views=views,
        keys=store,
        authenticator=Authenticator(store, environment),
        vault=vault,
        facts=StoredFacts(views),
        metrics=metrics,
        environment=environment,
        description=Description(app.openapi),
        charge_methods=charge_methods,
        charge_maximum=charge_maximum,
        ports=None if sandbox is None else sandbox_ports(sandbox),
        callbacks=None if sandbox is None else Callbacks(views.connect, vault.callback_secret),
        sandbox=sandbox,
        company=company,
        sources=sources or BUILT_IN_SOURCES,
        request_expiry_days=request_expiry_days,
        public_url=public_url,
    )
    app.dispatcher = Dispatcher(house, metrics, rates)
    app.lane = Lane(house, app.dispatcher, metrics)
    app.recipient_page = RecipientPage(house)
    app.public_pages = PublicPages(house)
    app.state.house = house
    return app


def described(life: Lifespan[FastAPI] | None = None, *, sandbox: bool = True) -> LedgerApp:
    """Return the application as far as it can be described: all operations, and nothing behind them yet.

    Args:
        sandbox: whether the operations of the sandbox are among them.
    """
    app = LedgerApp(
        title=openapi.TITLE,
        version=VERSION,
        description=openapi.DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=life,
    )
    openapi.declare(app, sandbox=sandbox)
    return app


def environment_of(settings: Settings) -> str:
    """Return the environment that keys of this service carry."""
    return "test" if settings.sandbox_on else "live"


async def take_bootstrap_key(store: KeyStore, key: str, environment: str) -> None:
    """Store the hash of the operator's own admin key, at the first start only."""
    if await store.has_bootstrap_key():
        return
    presented = present(key)
    row = KeyRow(
        id=presented.id,
        secret_hash=presented.secret_hash,
        role="admin",
        scopes=None,
        account_id=None,
        member_id=None,
        owner=f"key_{presented.id}",
        environment=environment,
        created_at=store.now(),
        created_by=BOOTSTRAP,
        expires_at=None,
    )
    if await store.add(row):
        log.info("the bootstrap key was taken", key_id=f"key_{presented.id}")
