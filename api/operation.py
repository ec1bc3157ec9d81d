"""What an operation of the HTTP face declares: path, scope, rule for the thing named, body, answer, and what does it.

Routes are declared with `reads`, `writes` or `operation`, and kept in one table that dispatch, access checks, batches
and the OpenAPI document are all made from. An operation without scope or rule keeps the service from starting.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from aggregates.errors import LedgerError
from api.access import SCOPES, ObjectRule
from api.reply import Reply, of_outcome
from api.strict_json import ITEMS_MAX
from ledger.command import Command

if TYPE_CHECKING:
    from api.ask import Ask

BODY_BYTES_MAX = 64 * 1024
BATCH_BYTES_MAX = 1024 * 1024
ORDER_BYTES_MAX = 4 * 1024 * 1024
"""What names 10,000 recipients is longer than anything else."""

UPLOAD_BYTES_MAX = 10 * 1024 * 1024

ORDER_ITEMS_MAX = 10_000

Handler = Callable[..., Awaitable[Reply]]
"""Called with the request (`Ask`), the path's parameters by name, and `body`, `file` or `query` where the
operation has one."""

Builder = Callable[..., Any]
"""Called like a handler; returns a command, or an awaitable of one."""

PUBLIC = ""
"""Scope of what needs no key."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path.

    Attributes:
        method, path: e.g. "POST", "/v1/accounts/{account_id}/charges".
        name: name of its function; operationId in OpenAPI. summary, description: its docstring.
        tag: noun it is listed under.
        scope: what the caller needs; `PUBLIC` = no key.
        rule: says whether the thing named by the path may be the caller's.
        handler: does it.
        body, query: models of the two; None = there must be none.
        file: whether the body is a file, handed over as `file` (bytes) and not looked at before.
        headers: names of request headers that are handed over as `headers`, as far as they came.
        sandbox: whether it is there only where the sandbox is on.
        answer: model of the answer; None = not JSON, then `media_type` says what it is.
        status: of the first answer.
        raises: refusals that its rules can make, beside those every operation shares.
        keyed: whether Idempotency-Key is required (True), accepted (False) or meaningless (None).
        op: its name in a batch; "" = not in batches. build: makes its command.
        hot: whether the fast lane may take it; its builder waits for nothing, and its body has a currency.
        params: names of the path's parameters, in order.
        body_bytes_max: length up to which a body is read. items_max: how many items its arrays may hold.
    """

    method: str
    path: str
    name: str
    summary: str
    description: str
    tag: str
    scope: str
    rule: ObjectRule
    handler: Handler
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    media_type: str = "application/json"
    status: int = 200
    raises: tuple[type[LedgerError], ...] = ()
    keyed: bool | None = None
    op: str = ""
    build: Builder | None = None
    hot: bool = False
    body_bytes_max: int = BODY_BYTES_MAX
    items_max: int = ITEMS_MAX
    file: bool = False
    headers: tuple[str, ...] = ()
    sandbox: bool = False
    params: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Read the parameters off the path."""
        object.__setattr__(self, "params", tuple(re.findall(r"\{(\w+)\}", self.path)))


OPERATIONS: list[Operation] = []
"""Every operation, in the order of declaration."""


class Undeclared(RuntimeError):
    """An operation does not say who may use it; the service must not start."""


def operation(
    method: str, path: str, *, scope: str | None, rule: ObjectRule | None, **declared: Any
) -> Callable[[Handler], Handler]:
    """Declare an operation by its handler.

    Raises:
        Undeclared: scope or rule are missing or unknown, or the same path and method were declared before.
    """

    def declare(handler: Handler) -> Handler:
        if scope is None or rule is None or (scope != PUBLIC and scope not in SCOPES):
            raise Undeclared(f"{method} {path} must declare a known scope and an object rule")
        if any(known.method == method and known.path == path for known in OPERATIONS):
            raise Undeclared(f"{method} {path} is declared twice")
        doc = (declared.get("build", handler).__doc__ or "").strip()
        summary, _, rest = doc.partition("\n")
        if "keyed" not in declared:
            declared["keyed"] = {"POST": True, "PUT": False, "DELETE": False}.get(method)
        OPERATIONS.append(
            Operation(
                method=method,
                path=path,
                name=handler.__name__,
                summary=summary.rstrip("."),
                description=" ".join(rest.split()),
                tag=handler.__module__.rpartition(".")[2].replace("_", " "),
                scope=scope,
                rule=rule,
                handler=handler,
                **declared,
            )
        )
        return handler

    return declare


def reads(path: str, *, scope: str, rule: ObjectRule, **declared: Any) -> Callable[[Handler], Handler]:
    """Declare a GET by its handler."""
    return operation("GET", path, scope=scope, rule=rule, **declared)


def writes(path: str, *, scope: str, rule: ObjectRule, **declared: Any) -> Callable[[Builder], Builder]:
    """Declare a POST by the function that makes its command; submitting it and answering is the same for all."""

    def declare(build: Builder) -> Builder:
        async def submit(ask: Ask, **arguments: Any) -> Reply:
            return await submit_built(ask, build, arguments)

        submit.__name__, submit.__module__ = build.__name__, build.__module__
        operation("POST", path, scope=scope, rule=rule, build=build, **declared)(submit)
        return build

    return declare


async def submit_built(ask: Ask, build: Builder, arguments: dict[str, Any]) -> Reply:
    """Make a command and do it."""
    command = await command_of(ask, build, arguments)
    return of_outcome(await ask.house.engine.submit(command, ask.call(arguments.get("body"))))


async def command_of(ask: Ask, build: Builder, arguments: dict[str, Any]) -> Command:
    """Make a command from a request, after checking that a currency beside its amount is the account's.

    Raises:
        CurrencyMismatch: it is not.
    """
    if getattr(arguments.get("body"), "currency", None) is not None:
        await ask.check_currency(arguments)
    made = build(ask, **arguments)
    command: Command = await made if iscoroutine(made) else made
    return command
