"""Batches: up to 1,000 operations in one request, each made by the same function as its own route."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson

from aggregates.errors import LedgerError, Malformed
from api import shapes
from api.access import filtered
from api.ask import Ask
from api.bodies import BatchBody
from api.dispatch import checked_key, read_model
from api.operation import BATCH_BYTES_MAX, OPERATIONS, Builder, Operation, command_of, operation
from api.reply import Reply, of_outcome, of_view, position_header
from ledger.batches import submit_batch
from ledger.command import Call, Command, Outcome
from ledger.problems import problem

Pair = tuple[Command, Call]


@operation(
    "POST",
    "/v1/batches",
    scope="batches:write",
    rule=filtered,
    body=BatchBody,
    answer=shapes.BatchResult,
    body_bytes_max=BATCH_BYTES_MAX,
)
async def send_batch(ask: Ask, body: BatchBody) -> Reply:
    """Do several operations in order: all or nothing (atomic), or each for itself (continue).

    An atomic batch is one commit; when an item is refused, the answer is that refusal, `item` is its index, and nothing
    was done. In continue mode each item has its own status and body, as its own route would have answered.
    """
    made: list[Pair | LedgerError] = []
    for index, item in enumerate(body.items):
        try:
            one, build, arguments = _asked(ask, item)
            if one.operation.hot and arguments["body"].currency is None:
                made.append((build(one, **arguments), one.call(arguments["body"])))
            else:
                made.append((await command_of(one, build, arguments), one.call(arguments["body"])))
        except LedgerError as error:
            if body.mode == "atomic":
                error.figures["item"] = index
                raise
            made.append(error)
    pairs = [pair for pair in made if not isinstance(pair, LedgerError)]
    outcomes = await submit_batch(ask.house.engine, body.mode, pairs, ask.call())
    if body.mode == "atomic" and len(outcomes) == 1:
        only = outcomes[0]
        if isinstance(only, Outcome) and only.status >= 400:
            return of_outcome(only)
    rest = iter(outcomes)
    results = [
        result_json(item["key"] if _has_key(item) else None, pair if isinstance(pair, LedgerError) else next(rest), ask)
        for item, pair in zip(body.items, made, strict=True)
    ]
    reached = max((outcome.position for outcome in outcomes if isinstance(outcome, Outcome)), default=0)
    answer = of_view({"mode": body.mode, "items": results}, reached)
    done = [outcome for outcome in outcomes if isinstance(outcome, Outcome)]
    if done and len(done) == len(body.items) and all(outcome.replayed for outcome in done):
        replayed = (b"idempotent-replayed", b"true")
        return answer._replace(headers=(position_header(reached), replayed))
    return answer


def operation_of(op: Any) -> Operation:
    """Return the operation that a batch calls `op`.

    Raises:
        Malformed: there is none.
    """
    found = _by_op().get(op) if isinstance(op, str) else None
    if found is not None:
        return found
    names = sorted(_by_op())
    raise Malformed(f"op must be one of: {', '.join(names)}", field="op")


@cache
def _by_op() -> dict[str, Operation]:
    """Return the operations that batches have, by name; all of them are declared before the first request."""
    return {known.op: known for known in OPERATIONS if known.op}


def result_json(key: str | None, became: Outcome | LedgerError, ask: Ask) -> dict[str, Any]:
    """Return what became of one item; its body is the very JSON that its own route would have answered."""
    if isinstance(became, LedgerError):
        status, body = problem(became, ask.request_id)
        return {"key": key, "status": status, "replayed": False, "position": None, "body": orjson.Fragment(body)}
    return {
        "key": key,
        "status": became.status,
        "replayed": became.replayed,
        "position": became.position,
        "body": orjson.Fragment(became.body),
    }


def _asked(ask: Ask, item: dict[str, Any]) -> tuple[Ask, Builder, dict[str, Any]]:
    """Read one item: what it asks for, what makes its command, and what of. Raises: LedgerError."""
    fields = dict(item)
    found = operation_of(fields.pop("op", None))
    key = fields.pop("key", None)
    if not isinstance(key, str):
        raise Malformed("key must be 8 to 255 visible ASCII characters", field="key")
    ask.caller.must(found.scope)
    params: dict[str, str] = {}
    for name in found.params:
        value = fields.pop(name, None)
        if not isinstance(value, str):
            raise Malformed(f"{name} is required", field=name)
        params[name] = value
    found.rule(ask.caller, params)
    path = found.path.format(**params)
    one = Ask(ask.house, found, ask.caller, params, path, ask.request_id, checked_key(key), fields)
    assert found.body is not None
    assert found.build is not None
    return one, found.build, {**params, "body": read_model(found.body, fields)}


def _has_key(item: dict[str, Any]) -> bool:
    return isinstance(item.get("key"), str)
