"""Two servers that only echo: what an HTTP answer costs without a ledger behind it.

`bare` is plain ASGI; `stock` is a FastAPI route with a pydantic model in and out, written as its tutorial writes it.
Both run under uvicorn with the service's loop and parser, without an access log.
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class SpendIn(BaseModel):
    """The body of a spend."""

    amount: int
    reference: str | None = None
    member_id: str | None = None
    capture: bool = True


async def bare(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer with the body that was sent."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def stock() -> FastAPI:
    """Return an application with one model route."""
    app = FastAPI()

    @app.post("/v1/accounts/{account_id}/spends")
    async def echo(account_id: str, body: SpendIn) -> SpendIn:
        return body

    return app


def main() -> None:
    """Serve one of the two on a port."""
    kind, port = sys.argv[1], int(sys.argv[2])
    app: Any = bare if kind == "bare" else stock()
    lifespan: Any = "off" if kind == "bare" else "auto"
    uvicorn.run(
        app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning", lifespan=lifespan
    )


if __name__ == "__main__":
    main()
