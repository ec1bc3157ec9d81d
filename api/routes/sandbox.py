"""The sandbox: its clock, what its providers shall do, and what they were asked. Absent where the sandbox is off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, NamedTuple

import psycopg
from pydantic import ConfigDict, Field, model_validator

from aggregates.dates import rfc3339
from aggregates.errors import Conflict, Malformed
from api import shapes
from api.access import unbound
from api.ask import Ask
from api.bodies import example
from api.fields import Amount, Body, Instant, Query
from api.operation import operation, reads
from api.problems import RouteNotFound
from api.reply import Reply, of_outcome, of_view
from ledger.ports.errors import PortRefused, PortUnavailable
from ledger.ports.sandbox import scenarios
from ledger.ports.sandbox.gateway import SandboxGateway
from ledger.ports.sandbox.postman import queued
from ledger.ports.sandbox.state import Rates, SandboxState
from ledger.sandbox_clock import ClockMovesForwardOnly, ClockTooFarAhead, SandboxClock

STEP_S_MAX = 50 * 365 * 86_400
LIMIT_DEFAULT = 100

Percent = Annotated[int, Field(ge=0, le=100)]
Seconds = Annotated[int, Field(ge=0, le=31 * 86_400)]
Word = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


class ClockNotMovable(Conflict):
    """The clock of this ledger is not the sandbox's."""

    code = "clock_not_movable"


class ClockBody(Body):
    """Where the clock shall stand, or how far it shall move on: one of the two."""

    model_config = example(advance_seconds=86400)

    to: Instant | None = None
    advance_seconds: Annotated[int, Field(ge=0, le=STEP_S_MAX)] | None = None

    @model_validator(mode="after")
    def one_of_two(self) -> ClockBody:
        """Refuse both, and neither."""
        if (self.to is None) == (self.advance_seconds is None):
            raise ValueError("exactly one of to and advance_seconds must be given")
        return self


class ScenarioBody(Body):
    """What a scenario needs; each takes its own fields and no others."""

    model_config = example(issue_failure_percent=3, undelivered_percent=5)

    seed: Word | None = None
    issue_failure_percent: Percent | None = None
    issue_timeout_percent: Percent | None = None
    issue_delay_s: Seconds | None = None
    alimtalk_failure_percent: Percent | None = None
    undelivered_percent: Percent | None = None
    message_timeout_percent: Percent | None = None
    message_delay_s: Seconds | None = None
    unreported_percent: Percent | None = None
    messages_per_s: Annotated[int, Field(ge=1, le=100_000)] | None = None
    quiet_day: Annotated[int, Field(ge=1, le=28)] | None = None
    quiet_from_hour: Annotated[int, Field(ge=0, le=23)] | None = None
    quiet_hours: Annotated[int, Field(ge=1, le=24)] | None = None
    deposit_after_s: Seconds | None = None
    callback_delay_s: Seconds | None = None
    callback_copies: Annotated[int, Field(ge=1, le=10)] | None = None
    callbacks_reversed: bool | None = None
    sku: Word | None = None
    kind: Literal["price", "discontinued", "relisted"] | None = None
    list_amount: Amount | None = None
    sale_amount: Amount | None = None
    validity_days: Literal[30, 60, 90] | None = None
    ref: Word | None = None
    state: Literal["used", "expired"] | None = None
    payment_id: Word | None = None
    amount: Amount | None = None


class AskedQuery(Query):
    """What shall be told of what the providers were asked."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: Literal["coupons", "voids", "messages", "payments", "cancels", "payouts", "codes"] = "coupons"
    prefix: Annotated[str, Field(max_length=200)] = ""
    after: Annotated[str, Field(max_length=200)] = ""


class QueueQuery(Query):
    """Which callbacks."""

    after: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] = "0"


class Scenario(NamedTuple):
    """One thing that the providers can be told to do. needs, takes: names of its fields."""

    needs: frozenset[str]
    takes: frozenset[str]
    play: Callable[[SandboxState, dict[str, Any]], Awaitable[None]]


async def _catalog(state: SandboxState, given: dict[str, Any]) -> None:
    if given["kind"] == "price" and not {"list_amount", "sale_amount"} <= given.keys():
        raise Malformed("list_amount and sale_amount must be given with kind price", field="sale_amount")
    await scenarios.change_catalog(
        state,
        sku=given["sku"],
        kind=given["kind"],
        list_minor=given.get("list_amount"),
        sale_minor=given.get("sale_amount"),
        validity_days=given.get("validity_days"),
    )


async def _coupon(state: SandboxState, given: dict[str, Any]) -> None:
    if not await scenarios.set_coupon_state(state, given["ref"], given["state"]):
        raise PortRefused("ref must be of a coupon that was issued and is neither used, expired nor voided")


async def _deposit(state: SandboxState, given: dict[str, Any]) -> None:
    await SandboxGateway(state).pay_in(given["payment_id"], given["amount"])


def _taking_back(why: str) -> Callable[[SandboxState, dict[str, Any]], Awaitable[None]]:
    async def play(state: SandboxState, given: dict[str, Any]) -> None:
        await SandboxGateway(state).take_back(given["payment_id"], given["amount"], why)

    return play


_PAYMENT = frozenset({"payment_id", "amount"})
SCENARIOS: dict[str, Scenario] = {
    "rates": Scenario(frozenset(), frozenset(Rates._fields), scenarios.set_rates),
    "catalog": Scenario(
        frozenset({"sku", "kind"}),
        frozenset({"sku", "kind", "list_amount", "sale_amount", "validity_days"}),
        _catalog,
    ),
    "coupon": Scenario(frozenset({"ref", "state"}), frozenset({"ref", "state"}), _coupon),
    "deposit": Scenario(_PAYMENT, _PAYMENT, _deposit),
    "chargeback": Scenario(_PAYMENT, _PAYMENT, _taking_back("chargeback")),
    "gateway-cancel": Scenario(_PAYMENT, _PAYMENT, _taking_back("gateway_cancel")),
}
"""Name -> what it does."""


@reads("/v1/sandbox/clock", scope="sandbox:use", rule=unbound, sandbox=True, answer=shapes.SandboxTime)
async def get_sandbox_clock(ask: Ask) -> Reply:
    """Read the ledger's time, and how far it is ahead of the machine's."""
    return of_view(_time(ask), await ask.position())


@operation(
    "POST",
    "/v1/sandbox/clock",
    scope="sandbox:use",
    rule=unbound,
    sandbox=True,
    body=ClockBody,
    answer=shapes.SandboxTime,
    raises=(ClockMovesForwardOnly, ClockTooFarAhead, ClockNotMovable),
)
async def move_sandbox_clock(ask: Ask, body: ClockBody) -> Reply:
    """Move the ledger's clock forward; answers when every process has seen it."""
    clock = ask.house.engine.clock
    if not isinstance(clock, SandboxClock):
        raise ClockNotMovable("the clock of this ledger cannot be moved")

    async def move(_: psycopg.AsyncConnection) -> tuple[int, dict[str, Any]]:
        if body.to is not None:
            await clock.set(body.to)
        elif body.advance_seconds is not None:
            await clock.advance(timedelta(seconds=body.advance_seconds))
        return 200, _time(ask)

    return of_outcome(await ask.house.vault.answered.once(ask.call(), await ask.position(), move))


@operation(
    "POST",
    "/v1/sandbox/scenarios/{scenario}",
    scope="sandbox:use",
    rule=unbound,
    sandbox=True,
    body=ScenarioBody,
    answer=shapes.ScenarioPlayed,
    raises=(PortRefused, PortUnavailable),
)
async def play_scenario(ask: Ask, scenario: str, body: ScenarioBody) -> Reply:
    """Have the sandbox's providers do something.

    rates: how often and how late things go wrong from now on, each that is not named as by default (seed,
    issue_failure_percent, issue_timeout_percent, issue_delay_s, alimtalk_failure_percent, undelivered_percent,
    message_timeout_percent, message_delay_s, unreported_percent, messages_per_s, quiet_day, quiet_from_hour,
    quiet_hours, deposit_after_s, callback_delay_s, callback_copies, callbacks_reversed).
    catalog: a change of the coupon issuer's catalogue (sku, kind, list_amount, sale_amount, validity_days). coupon: it
    is used or expires (ref, state). deposit: money arrives on a virtual account (payment_id, amount). chargeback and
    gateway-cancel: money of a payment is taken back (payment_id, amount).
    """
    known = SCENARIOS.get(scenario)
    if known is None:
        raise RouteNotFound(f"there is no scenario of this name; there are {', '.join(SCENARIOS)}")
    given = body.model_dump(exclude_none=True)
    if missing := known.needs - given.keys():
        raise Malformed(f"the scenario {scenario} needs {' and '.join(sorted(missing))}", field=min(missing))
    if unknown := given.keys() - known.takes:
        raise Malformed(f"the scenario {scenario} takes {', '.join(sorted(known.takes))}", field=min(unknown))
    state = _state(ask)

    async def play(_: psycopg.AsyncConnection) -> tuple[int, dict[str, Any]]:
        await known.play(state, given)
        return 200, {"scenario": scenario}

    return of_outcome(await ask.house.vault.answered.once(ask.call(), await ask.position(), play))


@reads("/v1/sandbox/asked", scope="sandbox:use", rule=unbound, sandbox=True, query=AskedQuery, answer=shapes.Asked)
async def list_sandbox_asked(ask: Ask, query: AskedQuery) -> Reply:
    """Count what the sandbox's providers were asked: one item for each key, with how often that key was sent.

    At most 100 items, in the order of their keys; `after` is the last key of the page before.
    """
    state = _state(ask)
    items = await scenarios.counted(state, query.kind, query.prefix, query.after, LIMIT_DEFAULT)
    return of_view({"items": items, "totals": await scenarios.totals(state)}, await ask.position())


@reads(
    "/v1/sandbox/callbacks", scope="sandbox:use", rule=unbound, sandbox=True, query=QueueQuery,
    answer=shapes.QueuedCallbacks,
)  # fmt: skip
async def list_sandbox_callbacks(ask: Ask, query: QueueQuery) -> Reply:
    """List the providers' callbacks as they are sent, signed now: for delivering them by hand, in any order.

    At most 100, in the order of their numbers.
    """
    items = await queued(_state(ask), ask.house.vault.callback_secret, int(query.after), LIMIT_DEFAULT)
    return of_view({"items": items}, await ask.position())


def _state(ask: Ask) -> SandboxState:
    assert ask.house.sandbox is not None, "the routes of the sandbox are absent without one"
    return ask.house.sandbox


def _time(ask: Ask) -> dict[str, Any]:
    clock = ask.house.engine.clock
    ahead = clock.ahead if isinstance(clock, SandboxClock) else timedelta()
    return {"now": rfc3339(clock.now()), "ahead_seconds": int(ahead.total_seconds())}
