"""`ledger replay`: fold all facts from the first one, and hold the result against the views."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

import psycopg
import typer

from api.cli.console import FAILED, AsJson, DataDir, Tick, answer, progress, table
from api.cli.runtime import Opened, opened
from ledger.database import connect_async
from ledger.replay import Replay, Report, frozen
from ledger.sandbox_clock import open_clock
from ledger.shapes import current_account_json
from projections import accounts, journal, tracking


def replay(
    check: Annotated[bool, typer.Option("--check", help="Compare with the views; exit 1 on any difference.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Fold all facts from the first one to balances, totals and one digest; the same facts give the same digest.

    Balances are computed twice, by the folds and by the postings, and compared with each snapshot. Exit 1 when anything
    differs.

    Example: ledger replay --check --json
    """
    with opened(data_dir, make=False) as ledger, progress("replay") as tick:
        report, compared = asyncio.run(_replay(ledger, check, tick))
    body: dict[str, Any] = {
        "position": report.position,
        "facts": report.facts,
        "accounts": report.accounts,
        "digest": report.digest,
        "snapshots_checked": report.snapshots,
        "seconds": round(report.seconds, 3),
        "facts_per_second": round(report.facts / report.seconds) if report.seconds else 0,
        "views_compared_at": compared or None,
        "differences": report.findings_total,
        "ok": report.ok,
        "totals": report.totals,
        "trial_balance": [line._asdict() for line in report.sums],
        "findings": [finding._asdict() for finding in report.findings],
    }
    figures = ("accounts", "balance", "held", "refund_pending", "overdrawn", "receivable", "member_receivable")
    totals = [[name.replace("_", " "), *(sums[name] for sums in report.totals.values())] for name in figures]
    lines = [[line.account, line.currency, line.debit_minor, line.credit_minor] for line in report.sums]
    answer(
        body | ({} if as_json else {"views_compared_at": ", ".join(f"{name} {at}" for name, at in compared.items())}),
        as_json,
        table("Totals, minor units", ["", *report.totals], totals if report.totals else []),
        table("Trial balance, minor units", ["ledger account", "currency", "debit", "credit"], lines),
        table("Differences", ["code", "position", "what"], report.findings),
    )
    if not report.ok:
        raise typer.Exit(FAILED)


async def _replay(ledger: Opened, check: bool, tick: Tick) -> tuple[Report, dict[str, int]]:
    with open_clock(ledger.settings, ledger.database) as clock:
        at = clock.now()
    compared: dict[str, int] = {}
    async with await connect_async(ledger.database.app) as connection:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute("SET idle_in_transaction_session_timeout = 0")
        async with frozen(connection, ledger.database.schema):
            folding = Replay(connection, tick)
            if check:
                compared = {view: await tracking.position(connection, view) for view in ("accounts", "journal")}
                for view, position in sorted(compared.items(), key=lambda known: known[1]):
                    await folding.fold(position)
                    if view == "accounts":
                        await _check_accounts(connection, folding, at)
                    else:
                        await _check_journal(connection, folding)
            await folding.fold()
            return folding.report(), compared


async def _check_accounts(connection: psycopg.AsyncConnection[Any], folding: Replay, at: datetime) -> None:
    """Hold every row of the accounts view against the account that its facts add up to."""
    truth = {
        account.account_id: current_account_json(account.figures(at), account.books, account.version)
        for account in folding.accounts.values()
    }
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        items, cursor = await accounts.page(connection, at=at, cursor=cursor, limit=200)
        for item in items:
            seen.add(item["id"])
            if item != truth.get(item["id"]):
                text = f"the accounts view shows {_differing(item, truth.get(item['id']))} for {item['id']}"
                folding.found("accounts_view_differs", 0, text)
        if cursor is None:
            break
    for account_id in sorted(truth.keys() - seen):
        folding.found("accounts_view_differs", 0, f"the accounts view does not show {account_id}")


async def _check_journal(connection: psycopg.AsyncConnection[Any], folding: Replay) -> None:
    """Hold the journal's trial balance against the sums of all postings."""
    trial = await journal.trial_balance(connection, position=folding.position)
    shown = {(line["account"], line["currency"]): (line["debit"], line["credit"]) for line in trial["accounts"]}
    truth = {(line.account, line.currency): (line.debit_minor, line.credit_minor) for line in folding.sums()}
    for account, currency in sorted(shown.keys() | truth.keys()):
        view, folded = shown.get((account, currency)), truth.get((account, currency))
        if view != folded:
            text = f"the trial balance shows {view} for {account} in {currency}; the facts add up to {folded}"
            folding.found("trial_balance_differs", 0, text)
    for line in trial["totals"]:
        if line["balance"]:
            text = f"the trial balance of {line['currency']} is {line['balance']}, not 0"
            folding.found("trial_balance_differs", 0, text)


def _differing(shown: dict[str, Any], truth: dict[str, Any] | None) -> str:
    if truth is None:
        return "a row that no fact accounts for"
    names = [name for name in truth if shown.get(name) != truth[name] and name != "name"]
    return ", ".join(f"{name} {shown.get(name)} instead of {truth[name]}" for name in names) or "another name"
