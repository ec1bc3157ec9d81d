"""Mandates: whose the account is, whether the payer consents, how long the evidence is kept (SPEC N3, R-111, R-112).

The bank is asked at once whose account it is, so that a payer who has mistyped can try again; then the provider of
consents asks the payer. What proves a consent goes into the vault before the fact that there is one.
"""

from __future__ import annotations

from typing import Any

import structlog

from aggregates.collecting.mandate import EVIDENCE_YEARS
from ledger.command import Command
from ledger.commands.collecting.mandates import (
    DateEvidence,
    FailMandate,
    LapseConsent,
    RecordConsent,
    RefuseBankAccount,
    VerifyBankAccount,
)
from ledger.ports.consent import Consent, Payer
from ledger.ports.payouts import BankAccount
from ledger.vault import Reading, SubjectNotFound
from ledger.vault.people import years_after
from projections import debit_queries
from scheduler.reactions.bench import Bench, Reaction

log = structlog.get_logger("reactions")

NAME = "mandates"
PAGE = 50
ERASED = "account_erased"


async def react(bench: Bench) -> int:
    """Bring a page of mandates forward, and settle how long the evidence of ended ones is kept."""
    async with bench.see() as connection:
        asking = await debit_queries.asking(connection, limit=PAGE)
        ended = await debit_queries.undated(connection, limit=PAGE)
    done = 0
    for row in asking:
        done += int(await (_verify(bench, row) if row["step"] == "verifying" else _consent(bench, row)))
    for row in ended:
        done += int(await _date(bench, row))
    return done


REACTION = Reaction(NAME, every_s=0.5, step=react)


async def _verify(bench: Bench, row: dict[str, Any]) -> bool:
    """Ask the bank whose account it is. Raises: PortUnavailable."""
    mandate_id, entry = row["mandate_id"], row["entry"]
    key = f"{mandate_id}:verify:{entry}"
    reading = Reading(f"reaction:{NAME}", "check whose account it is")
    found = await bench.vault.debit_papers.accounts([row["bank_account"]], reading)
    kept = found.get(row["bank_account"])
    if kept is None:
        return await _do(bench, key, RefuseBankAccount(mandate_id, entry, ERASED))
    account = BankAccount(row["bank"], kept.number, kept.holder)
    match = await bench.ports.payouts.verify_holder(account)
    if match == "none":
        return await _do(bench, key, RefuseBankAccount(mandate_id, entry, "holder_mismatch"))
    return await _do(bench, key, VerifyBankAccount(mandate_id, entry, match))


async def _consent(bench: Bench, row: dict[str, Any]) -> bool:
    """Ask the payer, or learn what the payer has said. Raises: PortUnavailable."""
    mandate_id, entry = row["mandate_id"], row["entry"]
    key = f"{mandate_id}:consent:{entry}"
    known = await bench.ports.consents.verify(key)
    if known.status == "absent":
        try:
            fields = await bench.vault.get(row["payer"], Reading(f"reaction:{NAME}", "ask for a consent"))
        except SubjectNotFound:
            return await _do(bench, f"{key}:failed", FailMandate(mandate_id, "payer_erased"))
        payer = Payer(fields["name"], fields["phone"])
        known = await bench.ports.consents.request(key, payer, row["channel"], row["consent_text"])
    return await _answered(bench, row, key, known)


async def _answered(bench: Bench, row: dict[str, Any], key: str, known: Consent) -> bool:
    mandate_id, entry = row["mandate_id"], row["entry"]
    match known.status:
        case "signed":
            assert known.evidence is not None, "what was signed has its evidence"
            paper = await bench.vault.debit_papers.put_evidence(key, known.evidence)
            if paper.sha256 != known.evidence_hash:
                log.error("the evidence of a consent is not what its hash says", mandate=mandate_id)
                return False
            return await _do(bench, f"{key}:signed", RecordConsent(mandate_id, entry, paper.token, paper.sha256))
        case "rejected":
            return await _do(bench, f"{key}:rejected", FailMandate(mandate_id, "consent_rejected"))
        case "expired":
            return await _do(bench, f"{key}:expired", LapseConsent(mandate_id, entry))
        case _:
            return False


async def _date(bench: Bench, row: dict[str, Any]) -> bool:
    """Let the years begin for which account, payer and evidence of an ended mandate are kept."""
    until = years_after(row["ended_on"], EVIDENCE_YEARS)
    tokens = [row[name] for name in ("payer", "bank_account", "evidence") if row[name] is not None]
    await bench.vault.debit_papers.keep_until(tokens, until)
    return await _do(bench, f"{row['mandate_id']}:dated", DateEvidence(row["mandate_id"], until))


async def _do(bench: Bench, key: str, command: Command) -> bool:
    outcome = await bench.do(NAME, key, command)
    if outcome.status >= 400 and not outcome.replayed:
        log.error("an answer about a mandate was refused", key=key, status=outcome.status, said=outcome.body.decode())
    return not outcome.replayed and outcome.status < 400
