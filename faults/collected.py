"""The checkers of collected and paid-out money: the providers on one side, the ledger's facts on the other.

Each reads what a round has left behind and counts one kind of damage. What the providers have is read from their own
tables, what the ledger has from its facts; no view and no answer stands in between.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from aggregates.account import Account
from aggregates.collecting.debit import Debit
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.payout_link import SOURCE, PayoutLink
from aggregates.collecting.withdrawal import PAID, PAYING, REQUESTED, Withdrawal
from aggregates.fact import Fact, Stream
from aggregates.payment import VIRTUAL_ACCOUNT, Payment
from aggregates.postings import postings_of
from aggregates.postings.chart import BANK, GATEWAY_RECEIVABLE
from faults.checks import Count
from ledger.ports.sandbox.state import SandboxState

Row = dict[str, Any]
Leap = tuple[datetime, datetime]

DIRECT_DEBIT = "direct_debit"
DAY = timedelta(days=1)
"""How long a payment, a refund or a pay-out may be under way; a virtual account and a debit have days of their own."""


class Outside(NamedTuple):
    """What the providers have, as rows of their own tables.

    Attributes:
        payments: key, method, amount, status, asked, captured. deposits, taken_back: key of the payment, amount.
        cancels: key, payment_key, amount, status, asked.
        transfers: key, amount, asked, paid (whether the bank has done it), returned (whether it has come back).
        files: key of the batch, whole (what came wholly), parts (of what came in part), returns (taken back), asked.
    """

    payments: Sequence[Row] = ()
    deposits: Sequence[Row] = ()
    taken_back: Sequence[Row] = ()
    cancels: Sequence[Row] = ()
    transfers: Sequence[Row] = ()
    files: Sequence[Row] = ()


QUERIES = {
    "payments": "SELECT key, method, amount_minor AS amount, status, asked, captured FROM payment",
    "deposits": "SELECT key, amount_minor AS amount FROM deposit WHERE at <= %(now)s",
    "taken_back": "SELECT key, amount_minor AS amount FROM taken_back",
    "cancels": "SELECT key, payment_key, amount_minor AS amount, status, asked FROM cancel",
    "transfers": "SELECT key, amount_minor AS amount, asked, outcome = 'done' AND due_at <= %(now)s AS paid,"
    " outcome = 'done' AND coalesce(returned_at <= %(now)s, false) AS returned FROM transfer",
    "files": "SELECT key, whole_minor AS whole, asked,"
    " (SELECT coalesce(sum((line ->> 2)::bigint), 0)::bigint FROM jsonb_array_elements(failures) line) AS parts,"
    " (SELECT coalesce(sum((line ->> 2)::bigint), 0)::bigint FROM jsonb_array_elements(returns) line"
    "  WHERE returns_at <= %(now)s) AS returns FROM debit_file WHERE kind <> 'mandates' AND results_at <= %(now)s",
}
"""What of the providers' tables is read, by the name of a field of `Outside`."""


async def read_outside(state: SandboxState) -> Outside:
    """Read what the providers have now."""
    now = state.now()
    found: dict[str, list[Row]] = {}
    async with state.connected() as connection:
        for name, query in QUERIES.items():
            found[name] = await (await connection.execute(query.encode(), {"now": now})).fetchall()
    return Outside(**found)


def check_collected(facts: Sequence[Fact], outside: Outside, leaps: Sequence[Leap] = ()) -> Iterator[Count]:
    """Count all damage of the kinds K1 to K8.

    Args:
        leaps: times that passed at once, while nothing was seen to be under way: they are nobody's delay.
    """
    streams = fold(facts)
    yield _money_in(facts, outside)
    yield _takings(facts, outside)
    yield _asked(outside)
    yield _money_out(facts, outside)
    yield _paid_once(outside)
    yield _under_way(facts, leaps)
    yield _books(streams)
    yield _journal(facts, outside)


def fold(facts: Iterable[Fact]) -> dict[UUID, Stream]:
    """Return every stream after its last fact."""
    streams: dict[UUID, Stream] = {}
    for fact in facts:
        streams[fact.originator_id] = fact.mutate(streams.get(fact.originator_id))
    return streams


def _money_in(facts: Sequence[Fact], outside: Outside) -> Count:
    theirs, ours = brought(outside), Counter[str]()
    batches: dict[str, str] = {}
    for fact in facts:
        match fact:
            case Obligation.Settled() if fact.method != DIRECT_DEBIT:
                ours[fact.attempt_id] += fact.amount_minor
            case Obligation.Refunded() | Obligation.Reversed() if not fact.attempt_id.startswith("dbt_"):
                ours[fact.attempt_id] -= fact.amount_minor
            case Debit.Collected() | Debit.PartlyCollected():
                batches[fact.debit_id] = fact.batch_id
                ours[fact.batch_id] += fact.amount_minor
            case Debit.Reversed():
                ours[batches.get(fact.debit_id, fact.debit_id)] -= fact.amount_minor
    return Count("K1", "payments and files of debits that brought another sum than collected", *_unequal(theirs, ours))


def brought(outside: Outside) -> Counter[str]:
    """Return payment or batch -> what the provider has of it, less what has gone back."""
    sums = Counter[str]()
    for payment in outside.payments:
        sums[payment["key"]] += payment["amount"] if _is_taken(payment) else 0
    for deposit in outside.deposits:
        sums[deposit["key"]] += deposit["amount"]
    for taken in outside.taken_back:
        sums[taken["key"]] -= taken["amount"]
    for cancel in outside.cancels:
        sums[cancel["payment_key"]] -= cancel["amount"] if cancel["status"] == "done" else 0
    for file in outside.files:
        sums[file["key"]] += file["whole"] + file["parts"] - file["returns"]
    return sums


def _is_taken(payment: Row) -> bool:
    return bool(payment["status"] == "done" and payment["method"] != VIRTUAL_ACCOUNT)


def _takings(facts: Sequence[Fact], outside: Outside) -> Count:
    """Count what was collected more often than a provider took it, also where the sums agree by chance."""
    taken = Counter(payment["key"] for payment in outside.payments if _is_taken(payment))
    taken.update(deposit["key"] for deposit in outside.deposits)
    collected = Counter(
        fact.attempt_id for fact in facts if isinstance(fact, Obligation.Settled) and fact.method != DIRECT_DEBIT
    )
    damage = sum(max(0, times - taken[key]) for key, times in collected.items())
    return Count("K2", "payments collected more often than they were taken", damage, collected.total())


def _asked(outside: Outside) -> Count:
    asked = [row["asked"] for row in (*outside.payments, *outside.cancels, *outside.transfers, *outside.files)]
    captured = [payment["captured"] for payment in outside.payments]
    damage = sum(times > 1 for times in (*asked, *captured))
    return Count("K3", "payments, refunds, transfers and files that a provider was asked for twice", damage, len(asked))


def _money_out(facts: Sequence[Fact], outside: Outside) -> Count:
    theirs, ours = paid_out(outside), Counter[str]()
    for fact in facts:
        match fact:
            case Account.PayoutPaid() | Account.WithdrawalPaid():
                ours[fact.transfer] += fact.amount_minor
            case Account.PayoutReturned() | Account.WithdrawalReturned():
                ours[fact.transfer] -= fact.amount_minor
    return Count("K4", "transfers of which the bank has paid another sum than left", *_unequal(theirs, ours))


def paid_out(outside: Outside) -> Counter[str]:
    """Return transfer -> what the bank has paid of it, 0 once it has come back."""
    return Counter({row["key"]: row["amount"] * (row["paid"] - row["returned"]) for row in outside.transfers})


def _paid_once(outside: Outside) -> Count:
    paid = Counter(key.partition(":")[0] for key, minor in paid_out(outside).items() if minor)
    damage = sum(times - 1 for times in paid.values())
    return Count("K5", "pay-out links and withdrawals that were paid twice", damage, paid.total())


def _under_way(facts: Sequence[Fact], leaps: Sequence[Leap]) -> Count:
    done = list(spans(facts))
    damage = sum(ended is None or (limited and _lasted(begun, ended, leaps) > DAY) for begun, ended, limited in done)
    return Count("K6", "payments, refunds and pay-outs still under way after a day", damage, len(done))


def _lasted(begun: datetime, ended: datetime, leaps: Sequence[Leap]) -> timedelta:
    """Return how long something lasted, leaps left out."""
    leapt = (min(ended, after) - max(begun, before) for before, after in leaps)
    return ended - begun - sum((part for part in leapt if part > timedelta()), timedelta())


def spans(facts: Iterable[Fact]) -> Iterator[tuple[datetime, datetime | None, bool]]:
    """Yield of what was started when it began, when it ended (None = it has not), and whether a day is its limit."""
    open_: dict[str, tuple[datetime, bool]] = {}
    unlimited: set[str] = set()
    for fact in facts:
        if isinstance(fact, Payment.Started) and fact.method == VIRTUAL_ACCOUNT:
            unlimited.add(fact.payment_id)
        for thing in _ended(fact):
            if thing in open_:
                begun, limited = open_.pop(thing)
                yield begun, fact.recorded_at, limited
        begins = _begun(fact)
        if begins:
            open_[begins] = fact.recorded_at, begins not in unlimited and not begins.startswith("dbt_")
    for begun, limited in open_.values():
        yield begun, None, limited


def _begun(fact: Fact) -> str:
    """Return what a fact has started, "" for nothing."""
    match fact:
        case Obligation.AttemptStarted():
            return fact.attempt_id
        case Obligation.RefundStarted():
            return fact.refund_id
        case (
            PayoutLink.FundingStarted() | PayoutLink.Funded() | PayoutLink.PayingStarted() | PayoutLink.RefundStarted()
        ):
            return fact.payout_link_id
        case Withdrawal.Approved():
            return fact.withdrawal_id
        case _:
            return ""


def _ended(fact: Fact) -> tuple[str, ...]:
    """Return what a fact has ended; the next step of a pay-out link ends the one before."""
    match fact:
        case Obligation.AttemptEnded() | Obligation.Settled():
            return (fact.attempt_id,)
        case Obligation.Refunded() | Obligation.RefundFailed():
            return (fact.refund_id,)
        case Withdrawal.Paid() | Withdrawal.Failed():
            return (fact.withdrawal_id,)
        case Fact() if fact.TOPIC.startswith("payout_link.") and fact.TOPIC not in _BESIDE:
            return (getattr(fact, "payout_link_id", ""),)
        case _:
            return ()


_BESIDE = frozenset({PayoutLink.FundingReversed.TOPIC, PayoutLink.HoldApplied.TOPIC, PayoutLink.HolderChecked.TOPIC})
"""What may happen to a pay-out link without its step being over."""


def _books(streams: dict[UUID, Stream]) -> Count:
    owed, credit, held, going = (defaultdict[str, int](int) for _ in range(4))
    accounts = []
    for stream in streams.values():
        match stream:
            case Account():
                accounts.append(stream)
            case Obligation():
                credit[stream.account_id] += stream.credit_minor
                if stream.source != SOURCE:
                    owed[stream.account_id] += stream.paid_minor - stream.confirmed_minor - stream.refunded_minor
            case PayoutLink():
                held[stream.account_id] += stream.held_minor
            case Withdrawal() if stream.status in (REQUESTED, PAYING, PAID):
                owed[stream.account_id] -= stream.amount_minor
                going[stream.account_id] += stream.amount_minor if stream.status != PAID else 0
    damage = sum(
        (account.collections_minor, account.payer_credit_minor, account.payout_hold_minor, account.withdrawing_minor)
        != (owed[key], credit[key], held[key], going[key])
        for account in accounts
        for key in (account.account_id,)
    )
    return Count(
        "K7", "accounts whose books are not what was paid, is credit, is held and is on its way", damage, len(accounts)
    )


def _journal(facts: Sequence[Fact], outside: Outside) -> Count:
    theirs, ours = Counter[str](), Counter[str]()
    methods = {payment["key"]: payment["method"] for payment in outside.payments}
    for key, minor in brought(outside).items():
        theirs[f"{GATEWAY_RECEIVABLE}.{methods.get(key, DIRECT_DEBIT)}"] += minor
    theirs[BANK] = -paid_out(outside).total()
    for fact in facts:
        for posting in postings_of(fact):
            if posting.account == BANK or posting.account.startswith(GATEWAY_RECEIVABLE):
                ours[posting.account] += posting.amount_minor
    return Count("K8", "ledger accounts that are not what a provider owes or has paid", *_unequal(theirs, ours))


def _unequal(theirs: Counter[str], ours: Counter[str]) -> tuple[int, int]:
    """Return how many keys have different sums, and of how many."""
    keys = theirs.keys() | ours.keys()
    return sum(theirs[key] != ours[key] for key in keys), len(keys)
