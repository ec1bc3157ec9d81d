"""Shapes of facts, seal, batches and the state of the service."""

from __future__ import annotations

from typing import Any, Literal

from api.shapes.base import CHARGE_ID, Shape, example


class FactRecord(Shape):
    """One immutable fact; `hash` is SHA-256 over its stored fields as the seal digests them."""

    model_config = example(
        position=42,
        stream="0e6f6f3e-6d0a-5a35-9a66-0c5b6f3b2f11",
        version=3,
        topic="account.charged",
        hash="9b1f0c8e8e6f0b5b7e9d5c2d1f0b7a4c115f0c8e8e6f0b5b7e9d5c2d1f0b7a4c",
        fact={"charge_id": CHARGE_ID, "amount_minor": 12222},
    )

    position: int
    stream: str
    version: int
    topic: str
    hash: str
    fact: dict[str, Any]


class Seal(Shape):
    """The head of the chain of blocks that seals facts and remembered refusals."""

    model_config = example(
        position=42,
        head="9b1f0c8e8e6f0b5b7e9d5c2d1f0b7a4c115f0c8e8e6f0b5b7e9d5c2d1f0b7a4c",
        blocks=17,
        checkpoint=None,
    )

    position: int
    head: str | None
    blocks: int
    checkpoint: dict[str, Any] | None


class BatchItem(Shape):
    """What became of one item: its own status and body, as its own route would have answered."""

    key: str | None
    status: int
    replayed: bool
    position: int | None
    body: dict[str, Any]


class BatchResult(Shape):
    """What became of each item, in order."""

    model_config = example(
        mode="continue",
        items=[
            {
                "key": "topup-2026-03-0001",
                "status": 201,
                "replayed": False,
                "position": 42,
                "body": {"id": CHARGE_ID, "status": "paid"},
            }
        ],
    )

    mode: Literal["atomic", "continue"]
    items: list[BatchItem]


class Health(Shape):
    """The process answers."""

    model_config = example(status="ok")

    status: Literal["ok"]


class ViewLag(Shape):
    """How far one view has come."""

    view: str
    position: int
    lag_seconds: float | None


class Readiness(Shape):
    """Whether requests can be served, and why not."""

    model_config = example(status="ready", reasons=[], views=[{"view": "accounts", "position": 42, "lag_seconds": 0.0}])

    status: Literal["ready", "not_ready"]
    reasons: list[str]
    views: list[ViewLag]
