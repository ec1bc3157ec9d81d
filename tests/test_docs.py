"""The documents say what is so: links lead somewhere, names exist, tables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

import api.routes  # noqa: F401  (declares all operations, and with them their refusals)
from aggregates.account.refunds import ATTACHMENTS_MAX, REASON_BYTES_MAX
from aggregates.money import AMOUNT_MINOR_MAX
from api import edge, rates, strict_json
from api.cli.app import app
from api.dispatch import REQUEST_LIMIT_S
from api.openapi import all_refusals
from api.operation import BATCH_BYTES_MAX, BODY_BYTES_MAX, ORDER_BYTES_MAX, ORDER_ITEMS_MAX, UPLOAD_BYTES_MAX
from ledger.batches import ITEMS_MAX
from ledger.settings import Settings
from ledger.sheets.reader import SHEET_ROWS_MAX
from tests.documents import API, DOCUMENTS, ROOT, anchors, blocks, links, scope_table

RULE = re.compile(r"R-\d{3}|[A-Z]{1,2}[1-9]\d?|[1-9]\d?\.\d")
"""A rule of the specification: a settlement, a rule of a section, or a section."""

FIGURES = {"difference_refund", "virtual_account", "displayed_estimate", "occurred_at", "recorded_at"}
"""Names in the rule book that are no refusals."""

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@each_document
def test_links_lead_to_something_that_is_there(document: Path) -> None:
    broken = []
    for link in links(document.read_text()):
        target, _, anchor = link.partition("#")
        if target.startswith(("https://", "http://")):
            continue
        path = (document.parent / target).resolve() if target else document
        if not path.exists() or (anchor and anchor not in anchors(path.read_text())):
            broken.append(link)

    assert broken == []


@each_document
def test_a_document_mentions_no_place_of_one_machine(document: Path) -> None:
    places = re.findall(r"(?<![\w.])/(?:home|root|tmp|work|Users|mnt|opt|usr)/\S*", document.read_text())

    assert places == []


@each_document
def test_commands_and_options_that_a_document_names_exist(document: Path) -> None:
    text = document.read_text()
    shell = "\n".join(block.text for block in blocks(text) if block.language == "sh")
    spans = "\n".join(re.findall(r"`([^`\n]+)`", text))
    unknown = [
        line
        for line in re.findall(r"(?:^|[/ (])ledger ([a-z][^`#|)\n]*)", f"{shell}\n{spans}", re.M)
        if not known(line)
    ]
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    missing = set(re.findall(r"^make (\w+)", f"{shell}\n{spans}", re.MULTILINE)) - targets

    assert (unknown, missing) == ([], set())


def known(line: str) -> bool:
    """Say whether words after `ledger` are one of its commands with options that it has."""
    command = typer.main.get_command(app)
    context = typer.Context(command)
    words = line.split()
    while isinstance(command, TyperGroup) and words and (found := command.get_command(context, words[0])):
        command, words = found, words[1:]
    if isinstance(command, TyperGroup) and not (command.name == "keys" and (not words or "|" in words[0])):
        return False
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    return {word.partition("=")[0] for word in words if word.startswith("--")} <= options


def test_every_setting_is_described_and_no_other() -> None:
    table = re.findall(r"^\| `(LEDGER_\w+)` \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)

    settings = {
        str(field.validation_alias or f"LEDGER_{name.upper()}") for name, field in Settings.model_fields.items()
    }
    assert set(table) == settings
    assert set(re.findall(r"LEDGER_[A-Z_]+[A-Z]", (ROOT / "README.md").read_text())) <= settings


def test_the_rule_book_cites_rules_by_their_ids() -> None:
    text = (ROOT / "docs" / "rules.md").read_text()
    cited = [rule for group in re.findall(r"SPEC\s([^)`:]+)", text) for rule in re.split(r",\s+| and ", group)]

    assert len(cited) > 50
    assert [rule for rule in cited if not RULE.fullmatch(rule.strip())] == []


def test_the_rule_book_names_only_refusals_that_there_are() -> None:
    text = (ROOT / "docs" / "rules.md").read_text()
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text))

    assert named - {error.code for error in all_refusals()} - FIGURES == set()


def test_the_table_of_scopes_is_that_of_the_code() -> None:
    assert scope_table() in API.read_text(), "write it again: python -m tests.documents"


def test_the_bounds_are_those_of_the_code() -> None:
    kib = 1024
    rows = [
        f"| amount | 1 to {AMOUNT_MINOR_MAX:,} |",
        f"| body; batch | {BODY_BYTES_MAX // kib} KiB; {BATCH_BYTES_MAX // kib // kib} MiB |",
        f"| body with recipients or contacts; file | {ORDER_BYTES_MAX // kib // kib} MiB, {ORDER_ITEMS_MAX:,} of them;"
        f" {UPLOAD_BYTES_MAX // kib // kib} MiB, {SHEET_ROWS_MAX:,} rows |",
        f"| nesting; items of an array | {strict_json.DEPTH_MAX}; {strict_json.ITEMS_MAX:,} |",
        f"| path and query; headers | {edge.TARGET_BYTES_MAX // kib} KiB; {edge.HEADERS_MAX} of them,"
        f" {edge.HEADER_BYTES_MAX // kib} KiB |",
        f"| any request, its body included, is answered within | {REQUEST_LIMIT_S + 0.5:.0f} s |",
        f"| requests of one key a second, except of the role service | {rates.READS_PER_S} reads,"
        f" {rates.WRITES_PER_S} writes, ten seconds' worth at once |",
        f"| refund reason | {REASON_BYTES_MAX} bytes in CP949 |",
        f"| attachments of a refund | {ATTACHMENTS_MAX} |",
    ]
    text = API.read_text()

    assert [row for row in rows if row not in text] == []
    assert f"up to {ITEMS_MAX:,} operations" in text
    assert rates.BURST_S == 10
