"""Messages: Alimtalk first, MMS to those it does not reach, and the provider's word on record (SPEC D1, 3.4, R-038).

A recipient's message has one key on each channel. What was found open is asked about before anything is sent, so that
a process that died while it was sending sends nobody the same twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from aggregates.dates import KST, business_date
from aggregates.order.messages import CHOSEN, CHOSEN_FROM_HOUR, COUNTED, FIRST, LINK, REPORT_WAIT, RESEND
from aggregates.order.parts import CHOICE, LIVE, CouponState, DispatchState
from aggregates.order.texts import filled
from ledger.commands.order_work import RecordMessages, RequestMessages
from ledger.ports.messages import Channel, Delivery, Message
from ledger.vault import Person, Reading
from projections import order_work
from scheduler.reactions.orders.case import NAME, Case, mark, sliced

ASKED_AT_ONCE = 8
"""Batches requested in one look; each is up to 500 messages."""

READING = Reading(f"reaction:{NAME}", "send messages")

TEMPLATES = {FIRST: "order-gift", RESEND: "order-gift", CHOSEN: "order-chosen", LINK: "order-link"}
"""Templates of orders that name none, of the word that an item was chosen, and of a new link."""

PAGE = "{public_url}/c/{link}"
"""Where a recipient's page is; without a public address, its path alone."""

ABSENT = Delivery("absent")


class Sent(NamedTuple):
    """A batch that is on record. `fresh`: recorded in this look, so that the provider cannot have heard of it."""

    batch: int
    purpose: str
    recipients: tuple[int, ...]
    fresh: bool


class Results(NamedTuple):
    """Who has a result, and of which day it is. `unreported`: those of the failed whose report never came."""

    alimtalk: list[int]
    mms: list[int]
    failed: list[int]
    unreported: list[int]
    last_at: datetime


def message_key(order_id: str, batch: int, recipient: int, channel: Channel) -> str:
    """Return the name of one attempt to reach one recipient on one channel."""
    return f"{order_id}:message:{batch}:{recipient}:{channel}"


async def request(case: Case) -> list[Sent]:
    """Record the next batches of messages that are due; return those that nobody else has recorded.

    Raises:
        LedgerError: as of `Engine.submit`.
    """
    due = [(FIRST, part) for part in sliced(_first_due(case))]
    if case.bench.clock.now().astimezone(KST).hour >= CHOSEN_FROM_HOUR:
        due += [(CHOSEN, part) for part in sliced(_chosen_due(case))]
    sent = [
        Sent(batch, purpose, recipients, fresh=True)
        for batch, (purpose, recipients) in enumerate(due[:ASKED_AT_ONCE], case.order.message_batches + 1)
    ]
    commands = [
        (
            f"{case.order_id}:messages:{each.batch}:{mark(each.recipients)}",
            RequestMessages(case.order_id, each.batch, each.recipients, each.purpose),
        )
        for each in sent
    ]
    new = await case.do_all(commands) if commands else []
    return [each for each, is_new in zip(sent, new, strict=True) if is_new]


def found(case: Case) -> list[Sent]:
    """Return the batches on record in which somebody has no result yet; only those are named."""
    return [
        Sent(batch, opened.purpose, tuple(opened.recipients), fresh=False)
        for batch, opened in case.order.open_messages.items()
    ]


async def settle(case: Case, sent: Sent) -> None:
    """Bring a batch on its way, and record whose message has come to its end.

    Raises:
        PortUnavailable: no answer: the next look asks. VaultUnavailable. LedgerError: as of `Engine.submit`.
    """
    alimtalk, mms = await _known(case, sent)
    unsent = [who for who in sent.recipients if alimtalk[who].status == "absent"]
    post = Post(case, sent)
    alimtalk |= await post.send("alimtalk", unsent)
    missed = [who for who in sent.recipients if alimtalk[who].status == "failed" and mms[who].status == "absent"]
    mms |= await post.send("mms", missed)
    for results in _by_day(case, sent, alimtalk, mms).values():
        command = RecordMessages(
            case.order_id,
            sent.batch,
            alimtalk=tuple(results.alimtalk),
            mms=tuple(results.mms),
            failed=tuple(results.failed),
            unreported=tuple(results.unreported),
        )
        named = mark(results.alimtalk, results.mms, results.failed)
        at = min(results.last_at, case.bench.clock.now())
        await case.do(f"{case.order_id}:messages:{sent.batch}:settled:{named}", command, occurred_at=at)


class Post:
    """Writes and sends the messages of one batch."""

    def __init__(self, case: Case, sent: Sent) -> None:
        self._case = case
        self._sent = sent
        self._order: dict[str, Any] = {}
        self._texts: dict[str, str] = {}

    async def send(self, channel: Channel, recipients: Sequence[int]) -> dict[int, Delivery]:
        """Send to recipients; return where each message stands. Who was erased is not reached."""
        if not recipients:
            return {}
        case, sent = self._case, self._sent
        await self._prepare()
        tokens = await case.tokens(recipients)
        people = await case.bench.vault.people.get(list(tokens.values()), READING)
        there = [who for who in recipients if tokens[who] in people]
        links = await self._links([(who, tokens[who]) for who in there])
        batch = [
            Message(
                people[tokens[who]].phone,
                self._template,
                self._vars(people[tokens[who]], link),
                message_key(case.order_id, sent.batch, who, channel),
                case.bench.fallback_number if channel == "mms" else "",
            )
            for who, link in zip(there, links, strict=True)
        ]
        stand = await case.bench.ports.messages.send(channel, batch)
        gone = Delivery("failed", "erased", case.bench.clock.now())
        return dict.fromkeys(recipients, gone) | dict(zip(there, stand, strict=True))

    async def _prepare(self) -> None:
        if self._order:
            return
        self._order = await order_work.message_facts(self._case.views, self._case.order_id)
        token = self._order["texts_token"]
        if token is not None and self._sent.purpose in COUNTED:
            self._texts = await self._case.bench.vault.people.texts(token, READING)

    async def _links(self, recipients: Sequence[tuple[int, str]]) -> list[str]:
        """Return everybody's link, the same as before; only a locked one is replaced (SPEC R-126)."""
        return await self._case.bench.vault.links.renew(self._case.order_id, recipients)

    @property
    def _template(self) -> str:
        own = self._order["template_id"] if self._sent.purpose in COUNTED else None
        return own or TEMPLATES[self._sent.purpose]

    def _vars(self, person: Person, link: str) -> dict[str, str]:
        order, texts = self._order, self._texts
        anniversary = texts.get("anniversary", "")
        message = filled(texts.get("message", ""), name=person.name, company=person.company, anniversary=anniversary)
        named = {
            "link": PAGE.format(public_url=self._case.bench.public_url, link=link),
            "message": message,
            "anniversary": anniversary,
            "dispatch_title": order["dispatch_title"],
            "name": person.name,
            "company": person.company,
            "title": person.title,
            "theme": order["theme_id"],
            "sender_profile": order["sender_profile_id"],
        }
        return {name: value for name, value in named.items() if value}


async def _known(case: Case, sent: Sent) -> tuple[dict[int, Delivery], dict[int, Delivery]]:
    """Return where the messages of a batch stand, on either channel; of a fresh one nothing has to be asked."""
    if sent.fresh:
        return dict.fromkeys(sent.recipients, ABSENT), dict.fromkeys(sent.recipients, ABSENT)
    channels: tuple[Channel, ...] = ("alimtalk", "mms")
    keys = {
        channel: {who: message_key(case.order_id, sent.batch, who, channel) for who in sent.recipients}
        for channel in channels
    }
    stand = await case.bench.ports.messages.status([key for of in keys.values() for key in of.values()])
    alimtalk, mms = ({who: stand[key] for who, key in keys[channel].items()} for channel in channels)
    return alimtalk, mms


def _by_day(case: Case, sent: Sent, alimtalk: dict[int, Delivery], mms: dict[int, Delivery]) -> dict[date, Results]:
    """Return the results that are definite, by the KST day on which they came: from it the 7 days count.

    What is on its way for a day without a word counts as failed today; no second channel is tried, because the first
    message may have arrived.
    """
    days: dict[date, Results] = {}
    now = case.bench.clock.now()
    for who in sent.recipients:
        final = mms[who] if alimtalk[who].status == "failed" else alimtalk[who]
        overdue = final.status == "accepted" and _is_overdue(case, sent, final, now)
        if final.status not in ("delivered", "failed") and not overdue:
            continue
        at = now if overdue else final.at or now
        day = business_date(at)
        results = days.setdefault(day, Results([], [], [], [], at))
        if at > results.last_at:
            results = days[day] = results._replace(last_at=at)
        if overdue:
            results.unreported.append(who)
        if final.status == "failed" or overdue:
            results.failed.append(who)
        else:
            (results.mms if final is mms[who] else results.alimtalk).append(who)
    return days


def _is_overdue(case: Case, sent: Sent, accepted: Delivery, now: datetime) -> bool:
    """Say whether the provider's word on a message is not waited for any longer."""
    opened = case.order.open_messages.get(sent.batch)
    if sent.fresh or opened is None:
        return False
    since = max(opened.requested_at, accepted.at or opened.requested_at)
    return now - since >= REPORT_WAIT


def _first_due(case: Case) -> list[int]:
    """Return the recipients of a started order to whom nothing was sent yet, and for whom there is something."""
    order = case.order
    if not order.counts.progress:
        return []
    waiting: Iterable[int] = (
        who
        for who in range(order.recipients)
        if order.dispatch[who] == DispatchState.IN_PROGRESS and not order.sending[who]
    )
    if order.kind == CHOICE:
        return [who for who in waiting if order.coupons[who] == CouponState.OPEN]
    return [who for who in waiting if _is_ready(order.coupons_of(who))]


def _is_ready(coupons: bytearray) -> bool:
    """Say whether every coupon of a recipient has its result, and one of them can be used."""
    settled = CouponState.OPEN not in coupons and CouponState.REQUESTED not in coupons
    return settled and any(state in LIVE for state in coupons)


def _chosen_due(case: Case) -> list[int]:
    order = case.order
    return [who for who, auto in enumerate(order.auto) if auto == 1 and order.coupons[who] in LIVE]
