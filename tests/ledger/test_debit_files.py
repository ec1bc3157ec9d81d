"""Files of direct debits, to the byte; and bad ones, refused by the number of their line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ledger.debits import (
    DebitFile,
    DebitLine,
    FileRefused,
    MandateFile,
    MandateLine,
    ResultLine,
    Results,
    read_debits,
    read_mandate_results,
    read_mandates,
    read_results,
    word_of,
    write_debits,
    write_mandate_results,
    write_mandates,
    write_results,
)

CODE = "9912345678"
DAY = date(2026, 3, 10)

DEBITS = DebitFile(
    CODE,
    DAY,
    "004",
    "110220330440",
    "푸른연 관리비",
    (
        DebitLine(1, "004", "110220330021", "900815", 50_000, "k7q4m2x9w3t8", False),
        DebitLine(2, "088", "11022033002", "1234567891", 7_000, "x2m4", True),
    ),
)
EB21 = (
    "H00000000" "9912345678" "EB210310" "260310" "0040000" "110220330440    " + " " * 94 + "\n"
    "R00000001" "9912345678" "0040000" "110220330021    " "0000000050000" "900815       " "     "
    "푸른연 관리비   " "  " "k7q4m2x9w3t8        " "     " "1" + " " * 33 + "\n"
    "R00000002" "9912345678" "0880000" "11022033002     " "0000000007000" "1234567891   " "     "
    "푸른연 관리비   " "  " "x2m4                " "     " "2" + " " * 33 + "\n"
    "T99999999" "9912345678" "EB210310" "00000002" "00000001" "0000000050000" "00000001" "0000000007000" + " " * 73
    + "\n"
).encode("cp949")  # fmt: skip

RESULTS = Results(
    CODE,
    DAY,
    (ResultLine(1, "k7q4m2x9w3t8", 0, "0021"), ResultLine(2, "x2m4", 3_500, "0022")),
    whole=0,
    whole_minor=0,
    partly=1,
    partly_minor=3_500,
)
EB22 = (
    "H00000000" "9912345678" "EB220310" "260310" + " " * 117 + "\n"
    "R00000001" "9912345678" + " " * 23 + "0000000000000" + " " * 13 + "N0021" + " " * 18
    + "k7q4m2x9w3t8        " + " " * 39 + "\n"
    "R00000002" "9912345678" + " " * 23 + "0000000003500" + " " * 13 + "P0022" + " " * 18
    + "x2m4                " + " " * 39 + "\n"
    "T99999999" "9912345678" "EB220310" "00000002" "00000000" "0000000000000" "00000001" "0000000003500" + " " * 73
    + "\n"
).encode()  # fmt: skip

MANDATES = MandateFile(
    CODE,
    DAY,
    (
        MandateLine(1, "new", "k7q4m2x9w3t8", "004", "110220330440", "900815"),
        MandateLine(2, "ended", "x2m4", "088", "11022033002", "1234567891"),
    ),
)
EB13 = (
    "H00000000" "9912345678" "EB130310" "260310" + " " * 87 + "\n"
    "R00000001" "9912345678" "260310" "1" "k7q4m2x9w3t8        " "0040000" "110220330440    " "900815          "
    + " " * 35 + "\n"
    "R00000002" "9912345678" "260310" "3" "x2m4                " "0880000" "11022033002     " "1234567891      "
    + " " * 35 + "\n"
    "T99999999" "9912345678" "EB130310" "00000002" "00000001" "00000000" "00000001" "00000000" + " " * 53 + "\n"
).encode()  # fmt: skip

ANSWERS = Results(CODE, DAY, (ResultLine(1, "k7q4m2x9w3t8", 0, "0013"),))
EB14 = (
    "H00000000" "9912345678" "EB140310" "260310" + " " * 87 + "\n"
    "R00000001" "9912345678" "260310" " " "k7q4m2x9w3t8        " + " " * 45 + "N0013" + " " * 24 + "\n"
    "T99999999" "9912345678" "EB140310" "00000001" + "0" * 32 + " " * 53 + "\n"
).encode()  # fmt: skip

FORMS: dict[str, tuple[Any, bytes, Callable[[Any], bytes], Callable[[bytes], Any], int]] = {
    "EB13": (MANDATES, EB13, write_mandates, read_mandates, 120),
    "EB14": (ANSWERS, EB14, write_mandate_results, read_mandate_results, 120),
    "EB21": (DEBITS, EB21, write_debits, read_debits, 150),
    "EB22": (RESULTS, EB22, write_results, read_results, 150),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_file_is_written_and_read_to_the_byte(name: str) -> None:
    told, written, write, read, width = FORMS[name]

    assert {len(line) for line in written.splitlines()} == {width}
    assert write(told) == written
    assert read(written) == told


@pytest.mark.parametrize("name", FORMS)
def test_lines_may_end_with_a_carriage_return_before_the_line_feed(name: str) -> None:
    told, written, _, read, _ = FORMS[name]

    assert read(written.replace(b"\n", b"\r\n")) == told


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("line", [1, 2, 3])
def test_a_line_that_is_too_short_is_refused_by_its_number(name: str, line: int) -> None:
    _, written, _, read, _ = FORMS[name]
    lines = written.split(b"\n")
    lines[line - 1] = lines[line - 1][:-1]

    with pytest.raises(FileRefused) as refused:
        read(b"\n".join(lines))

    assert refused.value.figures["line"] == line


@pytest.mark.parametrize(
    ("name", "line", "at", "put", "why"),
    [
        ("EB21", 1, 0, b"X", "no header"),
        ("EB21", 1, 19, b"EB22", "file name"),
        ("EB21", 1, 27, b"261310", "no date"),
        ("EB21", 2, 1, b"00000007", "serial 7"),
        ("EB21", 2, 9, b"0000000000", "institution"),
        ("EB21", 2, 42, b"00000000x0000", "no number"),
        ("EB21", 2, 42, b"0000000000000", "asks for nothing"),
        ("EB21", 2, 116, b"3", "whether a part"),
        ("EB21", 2, 73, b"\xff\xff", "no text"),
        ("EB21", 3, 0, b"X", "no record"),
        ("EB21", 4, 27, b"00000003", "add up"),
        ("EB21", 4, 43, b"0000000050001", "add up"),
        ("EB22", 2, 68, b"P", "nothing or a part"),
        ("EB22", 3, 68, b"N", "nothing or a part"),
        ("EB22", 2, 69, b"00X1", "no code"),
        ("EB22", 3, 1, b"00000001", "came before"),
        ("EB22", 4, 27, b"00000001", "counts other"),
        ("EB13", 2, 25, b"2", "neither"),
        ("EB13", 2, 19, b"260311", "day of the application"),
        ("EB13", 4, 35, b"00000002", "add up"),
        ("EB14", 2, 91, b"Y", "failure"),
        ("EB14", 2, 92, b"    ", "no code"),
        ("EB14", 3, 27, b"00000002", "counts other"),
    ],
)
def test_a_bad_record_is_refused_by_the_number_of_its_line(name: str, line: int, at: int, put: bytes, why: str) -> None:
    _, written, _, read, _ = FORMS[name]
    lines = written.split(b"\n")
    lines[line - 1] = lines[line - 1][:at] + put + lines[line - 1][at + len(put) :]

    with pytest.raises(FileRefused, match=f"^line {line} .*{why}") as refused:
        read(b"\n".join(lines))

    assert refused.value.figures["line"] == line
    assert "110220330021" not in refused.value.detail


@pytest.mark.parametrize("name", FORMS)
def test_a_file_that_is_cut_off_or_empty_is_refused(name: str) -> None:
    _, written, _, read, _ = FORMS[name]
    lines = written.splitlines(keepends=True)

    for cut in (b"", b"".join(lines[:-1]), written + lines[1]):
        with pytest.raises(FileRefused):
            read(cut)


@pytest.mark.parametrize(
    "line",
    [
        DebitLine(1, "004", "1" * 17, "900815", 50_000, "k7", False),
        DebitLine(1, "004", "110220330021", "9" * 14, 50_000, "k7", False),
        DebitLine(1, "004", "110220330021", "900815", 10**13, "k7", False),
        DebitLine(1, "004", "110220330021", "900815", 50_000, "k" * 21, False),
        DebitLine(10**8, "004", "110220330021", "900815", 50_000, "k7", False),
    ],
)
def test_what_does_not_fit_into_its_field_is_not_written(line: DebitLine) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        write_debits(DEBITS._replace(lines=(line,)))


def test_an_unknown_code_of_a_bank_is_kept_as_a_word_of_its_own() -> None:
    assert (word_of("0021"), word_of("0777")) == ("insufficient_funds", "bank_0777")
