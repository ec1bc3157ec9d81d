"""From lines of a batch, and what the vault knows of their accounts, to the file for the bank; and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

from aggregates.collecting.debit_batch import Failure
from aggregates.collecting.mandate import payer_number
from ledger.commands.collecting.debit_batches import AnswerBatch
from ledger.debits.debits import DebitFile, DebitLine, read_results, write_debits
from ledger.debits.layout import Results, word_of
from ledger.debits.mandates import MandateFile, MandateLine, read_mandate_results, write_mandates
from ledger.vault.debit_papers import BankDetails

NOBODY = BankDetails("", "", "")
"""An account that was erased: the bank knows none without a number."""


class Sender(NamedTuple):
    """Whose file it is.

    Attributes:
        settlement: bank and number of the account that is paid. passbook: text in the payers' passbooks.
    """

    institution_code: str
    settlement: Mapping[str, str]
    passbook: str


def debits_content(
    sender: Sender, day: date, lines: Iterable[Mapping[str, Any]], accounts: Mapping[str, BankDetails]
) -> bytes:
    """Return the file of a batch of debits.

    Args:
        lines: serial, asked_minor, mandate_id, bank, bank_account (a token), partial; in order.
        accounts: token -> the account in clear.

    Raises:
        ValueError: something does not fit into its field.
    """
    made = []
    for line in lines:
        account = accounts.get(line["bank_account"], NOBODY)
        made.append(
            DebitLine(
                line["serial"],
                line["bank"],
                account.number,
                account.identity,
                line["asked_minor"],
                payer_number(line["mandate_id"]),
                line["partial"],
            )
        )
    settlement = sender.settlement
    file = DebitFile(
        sender.institution_code, day, settlement["bank"], settlement["account_number"], sender.passbook, tuple(made)
    )
    return write_debits(file)


def mandates_content(
    sender: Sender, day: date, lines: Iterable[Mapping[str, Any]], accounts: Mapping[str, BankDetails]
) -> bytes:
    """Return the file of a batch of mandates; as `debits_content`, each line with a change: new or ended."""
    made = []
    for line in lines:
        account = accounts.get(line["bank_account"], NOBODY)
        made.append(
            MandateLine(
                line["serial"],
                line["change"],
                payer_number(line["mandate_id"]),
                line["bank"],
                account.number,
                account.identity,
            )
        )
    return write_mandates(MandateFile(sender.institution_code, day, tuple(made)))


def read_answer(kind: str, content: bytes) -> Results:
    """Read the file of results of a batch of a kind. Raises: FileRefused, with the number of the line."""
    return read_mandate_results(content) if kind == "mandates" else read_results(content)


def write_batch(
    batch: Mapping[str, Any],
    onboarding: Mapping[str, Any],
    settlement: Mapping[str, str],
    lines: Iterable[Mapping[str, Any]],
    accounts: Mapping[str, BankDetails],
) -> bytes:
    """Return the file of a batch.

    Args:
        batch, onboarding, lines: rows of the view. settlement: the business's own account, as the vault has it.
        accounts: token -> the payer's account in clear.

    Raises:
        ValueError: something does not fit into its field.
    """
    sender = Sender(batch["institution_code"], settlement, onboarding["statement_text"])
    compose = mandates_content if batch["kind"] == "mandates" else debits_content
    return compose(sender, batch["day"], lines, accounts)


def answer_of(batch_id: str, results: Results, content: bytes) -> AnswerBatch:
    """Return the command that takes a file of results that was read."""
    failures = tuple(Failure(line.serial, word_of(line.code), line.amount_minor) for line in results.lines)
    return AnswerBatch(batch_id, sha256(content).hexdigest(), failures, results.whole)
