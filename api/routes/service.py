"""The service itself: alive, ready, its figures, its documentation."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson

from aggregates.errors import LedgerError
from api import shapes
from api.access import filtered, unbound
from api.ask import Ask
from api.operation import PUBLIC, operation
from api.reply import Reply
from projections.status import status

LAG_S_MAX = 30
"""A view further behind than this makes the service not ready (docs/operations.md)."""


@operation("GET", "/healthz", scope=PUBLIC, rule=filtered, answer=shapes.Health)
async def healthz(ask: Ask) -> Reply:
    """Say that the process is alive."""
    return Reply(200, b'{"status":"ok"}')


@operation("GET", "/readyz", scope=PUBLIC, rule=filtered, answer=shapes.Readiness)
async def readyz(ask: Ask) -> Reply:
    """Say whether requests can be served, and if not, why: 503 with reasons."""
    reasons: list[str] = []
    views: list[dict[str, object]] = []
    if not ask.house.engine.up:
        reasons.append("the engine has lost the database")
    try:
        async with ask.house.views.connect() as conn:
            for view in await status(conn, now=ask.now()):
                lag_s = view["lag_seconds"]
                views.append({"view": view["view"], "position": view["position"], "lag_seconds": lag_s})
                if view["error"] is not None:
                    reasons.append(f"the view {view['view']} has stopped")
                elif lag_s is not None and lag_s > LAG_S_MAX:
                    reasons.append(f"the view {view['view']} is more than {LAG_S_MAX} s behind")
    except LedgerError:
        reasons.append("the database does not answer")
    body = {"status": "not_ready" if reasons else "ready", "reasons": reasons, "views": views}
    return Reply(503 if reasons else 200, orjson.dumps(body))


@operation("GET", "/metrics", scope="metrics:read", rule=unbound, media_type="text/plain")
async def metrics(ask: Ask) -> Reply:
    """Read the service's figures as Prometheus text; from loopback without a key."""
    views: list[dict[str, Any]] = []
    with suppress(LedgerError):  # The engine's own figures are wanted most while the database is away.
        async with ask.house.views.connect() as conn:
            views = await status(conn, now=ask.now())
    return Reply(200, ask.house.metrics.text(views), content_type=b"text/plain; version=0.0.4; charset=utf-8")


@operation("GET", "/openapi.json", scope=PUBLIC, rule=filtered, media_type="application/json")
async def openapi(ask: Ask) -> Reply:
    """Read the OpenAPI 3.1 document of all operations."""
    return Reply(200, await ask.house.description.openapi())


@operation("GET", "/docs", scope=PUBLIC, rule=filtered, media_type="text/html")
async def documentation(ask: Ask) -> Reply:
    """Read the documentation: every operation with an example, every refusal with its meaning."""
    page = await ask.house.description.page()
    policy = (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'")
    return Reply(200, page, (policy,), b"text/html; charset=utf-8")
