"""CSV, XLSX, NDJSON and Parquet: whole rows of the ledger, in bytes that a position decides, and no formula in them."""

from __future__ import annotations

import csv
import io
import sys
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
import orjson
import pyarrow.parquet
import pytest

from aggregates.account import Account
from aggregates.dates import rfc3339
from aggregates.errors import Malformed, NotFound, Unavailable
from ledger.sheets.writer import FORMULA_MARKS as MARKS
from ledger.sheets.writer import plain
from projections.connections import connect_to
from projections.exports import source, tables
from projections.exports.asked import Asked
from projections.exports.sink import FileSink
from projections.rebuild import rebuild_views
from projections.registry import chosen
from tests.projections.exports.conftest import HOSTILE, PLAIN, Library
from tests.projections.town import Town, busy_town, kst

CARRIAGE_RETURN = "_x000D_"
"""How a workbook writes one; openpyxl leaves it so."""

TABLES = ("csv", "xlsx", "ndjson", "parquet")
WHATS = ("transactions", "journal", "trial_balance")


def csv_rows(made: bytes, encoding: str = "utf-8") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made.decode(encoding), newline="")))


def json_rows(made: bytes) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in made.splitlines()]


def sheets(made: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(made))


def test_a_row_of_each_movement_and_each_line_stands_in_every_form(library: Library) -> None:
    for what in WHATS:
        made, manifest = library.export(what, "ndjson")
        rows = json_rows(made)
        assert manifest.rows == len(rows) > 0
        as_text = [{name: _text(value) for name, value in row.items()} for row in rows]

        plain_csv = [
            {name: value[1:] if value.startswith("'") else value for name, value in row.items()}
            for row in csv_rows(library.export(what, "csv")[0])
        ]
        assert _without_json(plain_csv) == _without_json(as_text)

        (sheet,) = sheets(library.export(what, "xlsx")[0]).worksheets
        head, *lines = sheet.iter_rows(values_only=True)
        assert head == manifest.columns
        assert _without_json([dict(zip(head, map(_cell, line), strict=True)) for line in lines]) == _without_json(
            as_text
        )

        table = pyarrow.parquet.read_table(io.BytesIO(library.export(what, "parquet")[0]))
        assert _without_json(
            [{name: _cell(value) for name, value in row.items()} for row in table.to_pylist()]
        ) == _without_json(as_text)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _cell(value: Any) -> str:
    if hasattr(value, "hour"):
        return rfc3339(value) if value.tzinfo else value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else _text(value).replace(CARRIAGE_RETURN, "\r")


def _without_json(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{name: value for name, value in row.items() if name not in ("detail", "fact")} for row in rows]


def test_sums_of_the_journal_are_those_of_the_facts(library: Library) -> None:
    (sheet,) = sheets(library.export("journal", "xlsx")[0]).worksheets
    head, *lines = sheet.iter_rows(values_only=True)
    debit, credit, currency = (head.index(name) for name in ("debit", "credit", "currency"))

    for each in ("KRW", "CZK"):
        debits = sum(line[debit] for line in lines if line[currency] == each)
        assert debits == sum(line[credit] for line in lines if line[currency] == each) > 0
    assert all(isinstance(line[column], int) for line in lines for column in (0, debit, credit))


@pytest.mark.parametrize("reference", HOSTILE)
def test_a_text_that_could_be_a_formula_is_text_in_csv_and_xlsx(library: Library, reference: str) -> None:
    rows = csv_rows(library.export("transactions", "csv")[0])
    assert f"'{reference}" in {row["reference"] for row in rows}
    assert reference not in {row["reference"] for row in rows}

    (sheet,) = sheets(library.export("transactions", "xlsx")[0]).worksheets
    cells = [cell for line in sheet.iter_rows() for cell in line]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}, "no formula, no error"
    found = [cell for cell in cells if isinstance(cell.value, str) and _cell(cell.value) == reference]
    assert len(found) == 1, "the text stands there as it came"


def test_other_texts_stay_as_they_are(library: Library) -> None:
    rows = {row["reference"] for row in csv_rows(library.export("transactions", "csv")[0])}

    assert set(PLAIN) <= rows


def test_every_character_that_looks_like_a_formula_mark_is_known() -> None:
    known = source.FORMULA_MARKS.replace("\\", "")
    alike = {
        char for char in map(chr, range(1, sys.maxunicode + 1)) if unicodedata.normalize("NFKC", char)[:1] in MARKS
    }

    assert alike == set(known)
    assert all(plain(f"{char}1").startswith("'") for char in known)


def test_csv_has_crlf_and_every_text_in_quotes(library: Library) -> None:
    made, _ = library.export("trial_balance", "csv")

    head, first, *_ = made.decode().split("\r\n")
    assert head == '"business_date","account","currency","debit","credit","balance"'
    assert first == '"2024-09-01","equity.imported","KRW",0,7500,-7500'
    assert made.endswith(b"\r\n")


def test_csv_for_spreadsheets_begins_with_a_byte_order_mark(library: Library) -> None:
    with_mark, manifest = library.export("transactions", "csv", bom=True)
    without, _ = library.export("transactions", "csv")

    assert with_mark == b"\xef\xbb\xbf" + without
    assert manifest.bytes == len(with_mark)


def test_csv_in_cp949_counts_what_it_cannot_say(library: Library) -> None:
    made, manifest = library.export("transactions", "csv", encoding="cp949")
    references = [row["reference"] for row in csv_rows(made, "cp949")]

    assert "봄 선물 세트" in references
    assert "emoji ?" in references
    utf8, _ = library.export("transactions", "csv")
    lost = [char for char in utf8.decode() if not _in_cp949(char)]
    assert manifest.more == {"replaced": len(lost)}
    assert "🎁" in lost


def _in_cp949(char: str) -> bool:
    return char.encode("cp949", "replace") != b"?" or char == "?"


def test_the_same_position_gives_the_same_bytes_whatever_came_since(new_library: Callable[[Town], Library]) -> None:
    library = new_library(busy_town())
    half = library.store(len(library.town.facts) // 2)
    asked: list[tuple[str, Any]] = [(what, form) for what in (*WHATS, "facts") for form in TABLES]
    asked = [each for each in asked if each != ("facts", "xlsx")] + [("journal", "beancount"), ("journal", "hledger")]
    before = [library.export(*each, half) for each in asked]
    library.store()
    after = [library.export(*each, half) for each in asked]
    rebuild_views(connect_to(library.database), chosen(("journal", "transactions", "accounts")))
    rebuilt = [library.export(*each, half) for each in asked]

    assert after == before
    assert rebuilt == before
    for what in (*WHATS, "facts"):
        assert library.export(what, "csv")[1].rows > library.export(what, "csv", half)[1].rows


@pytest.mark.parametrize("what", ["transactions", "journal", "facts"])
def test_filters_narrow_by_customer_business_date_and_time(library: Library, what: str) -> None:
    rows = json_rows(library.export(what, "ndjson")[0])
    account = library.town.accounts()[0]
    first, last, as_of = date(2024, 10, 5), date(2024, 10, 15), kst("2024-10-07 09:00")
    own = {fact.originator_version: fact for fact in library.town.facts if fact.originator_id == account.id}

    def is_own(row: dict[str, Any]) -> bool:
        return bool(row.get("account_id") == account.account_id or row.get("stream") == str(account.id))

    def day(row: dict[str, Any]) -> str:
        return str(row.get("business_date") or _seoul_day(row["occurred_at"]))

    of_one = json_rows(library.export(what, "ndjson", account_id=account.account_id)[0])
    assert of_one == [row for row in rows if is_own(row)]
    assert {row["version"] for row in of_one} <= own.keys()
    of_days = json_rows(library.export(what, "ndjson", from_date=first, to_date=last)[0])
    assert of_days == [row for row in rows if first.isoformat() <= day(row) <= last.isoformat()]
    of_time = json_rows(library.export(what, "ndjson", as_of=as_of)[0])
    assert of_time == [row for row in rows if row["occurred_at"] <= rfc3339(as_of)]
    for some in (of_one, of_days, of_time):
        assert 0 < len(some) < len(rows)


def _seoul_day(text: str) -> str:
    return (datetime.fromisoformat(text) + timedelta(hours=9)).date().isoformat()


def test_windows_of_positions_make_no_difference(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [library.export(what, "csv")[0] for what in (*WHATS, "facts")]
    for positions in (1, 7):
        monkeypatch.setattr(source, "WINDOW_POSITIONS", positions)
        monkeypatch.setattr(source, "BLOCK_ROWS", 3)
        assert [library.export(what, "csv")[0] for what in (*WHATS, "facts")] == whole


def test_a_full_sheet_is_followed_by_another(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    _, whole = library.export("journal", "xlsx")
    monkeypatch.setattr(tables, "SHEET_ROWS_MAX", 41)
    made, manifest = library.export("journal", "xlsx")

    book = sheets(made)
    assert manifest.more == {"sheets": len(book.worksheets)} == {"sheets": -(-whole.rows // 40)}
    assert [sheet.max_row for sheet in book.worksheets][:-1] == [41] * (len(book.worksheets) - 1)
    assert sum(sheet.max_row - 1 for sheet in book.worksheets) == whole.rows
    assert {sheet.cell(1, 1).value for sheet in book.worksheets} == {"position"}


def test_a_parquet_file_is_made_of_groups(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pyarrow.parquet.read_table(io.BytesIO(library.export("journal", "parquet")[0]))
    monkeypatch.setattr(tables, "GROUP_ROWS", 40)
    made, manifest = library.export("journal", "parquet")

    assert pyarrow.parquet.read_table(io.BytesIO(made)).equals(whole)
    assert manifest.more == {"row_groups": -(-whole.num_rows // 40)}


def test_a_balance_on_a_day_is_what_the_days_before_add_up_to(library: Library) -> None:
    rows = json_rows(library.export("trial_balance", "ndjson")[0])
    some = json_rows(library.export("trial_balance", "ndjson", from_date=date(2024, 10, 10))[0])

    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row["account"], row["currency"])
        sums[key] = sums.get(key, 0) + row["debit"] - row["credit"]
        assert row["balance"] == sums[key]
    assert some == [row for row in rows if row["business_date"] >= "2024-10-10"]
    assert sum(sums.values()) == 0


@pytest.mark.parametrize(
    ("what", "form", "more", "field"),
    [
        ("secrets", "csv", {}, "what"),
        ("journal", "pdf", {}, "format"),
        ("transactions", "beancount", {}, "format"),
        ("facts", "xlsx", {}, "format"),
        ("trial_balance", "csv", {"account_id": "acc_000000000000000000"}, "account_id"),
        ("trial_balance", "csv", {"as_of": kst("2024-10-10")}, "as_of"),
        ("journal", "csv", {"from_date": date(2024, 10, 2), "to_date": date(2024, 10, 1)}, "from"),
        ("journal", "csv", {"bom": True, "encoding": "cp949"}, "bom"),
        ("journal", "csv", {"encoding": "utf-16"}, "encoding"),
        ("journal", "xlsx", {"bom": True}, "bom"),
        ("journal", "ndjson", {"encoding": "cp949"}, "encoding"),
        ("journal", "csv", {"position": -1}, "position"),
    ],
)
def test_an_export_that_cannot_be_is_refused(what: str, form: Any, more: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        Asked(what, form, **{"position": 1, **more})

    assert refused.value.figures["field"] == field


def test_a_position_or_account_that_the_ledger_does_not_have_is_refused(library: Library) -> None:
    last = len(library.town.facts)

    with pytest.raises(Malformed, match="position"):
        library.export("journal", "csv", last + 1)
    with pytest.raises(NotFound):
        library.export("journal", "csv", account_id="acc_00000000000000zzzz")
    with pytest.raises(NotFound):
        library.export("journal", "csv", account_id="nonsense")


def test_rows_that_the_views_do_not_have_yet_are_waited_for_not_left_out(
    new_library: Callable[[Town], Library],
) -> None:
    library = new_library(busy_town())
    library.store(10)
    with library.connect() as app:
        library.town.store(app)

    with pytest.raises(Unavailable):
        library.export("journal", "csv")
    assert library.export("journal", "csv", 10)[1].position == 10
    assert library.export("facts", "csv")[1].rows == len(library.town.facts)


def test_an_empty_ledger_exports_as_a_head_without_rows(new_library: Callable[[Town], Library]) -> None:
    library = new_library(Town())
    library.feed()

    assert csv_rows(library.export("journal", "csv")[0]) == []
    assert library.export("journal", "ndjson")[0] == b""
    assert sheets(library.export("journal", "xlsx")[0]).worksheets[0].max_row == 1
    assert library.export("trial_balance", "parquet")[1].rows == 0


def test_a_file_that_was_not_finished_is_not_there(tmp_path: Any) -> None:
    path = tmp_path / "books.csv"

    def write(parts: Iterator[bytes]) -> None:
        with FileSink(path) as sink:
            for part in parts:
                sink.write(part)

    write(iter([b"who", b"le"]))
    with pytest.raises(OSError, match="disk"):
        write(_breaking_off())

    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def _breaking_off() -> Iterator[bytes]:
    yield b"half of it"
    raise OSError("disk")


def test_facts_are_exported_without_what_only_their_command_needs(library: Library) -> None:
    rows = json_rows(library.export("facts", "ndjson")[0])

    assert [row["position"] for row in rows] == list(range(1, len(library.town.facts) + 1))
    assert not any("command" in row["fact"] for row in rows)
    charged = next(row for row in rows if row["topic"] == Account.Charged.TOPIC)
    assert charged["fact"]["amount_minor"] == 20_000
