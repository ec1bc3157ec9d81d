"""The files of documents: the same bytes, text that can be read out, fonts inside, and no text that becomes more."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest

from ledger.documents.company import EXAMPLE, CompanyUnusable, has_check_digit, load_company
from ledger.documents.content import canonical, content_of, digest
from ledger.documents.pages import page_of
from ledger.documents.pdf import TAGGED_ROWS_MAX, to_pdf
from ledger.documents.render import PDF_ROWS_MAX, DocumentTooLong, render
from ledger.documents.sheet import to_csv, to_xlsx

NASTY = ("=1+1", "+cmd", "-2", "@x", "\t=2", "\r=3", "＝1", "＋1", "＠x")
MARKUP = "#eval(1) *strong* $x^2$ _a_ `b` <c> \\u{41} [d] //e"


def statement(
    references: list[str | None], *, name: str = "등대찻집", language: str = "ko", currency: str = "KRW"
) -> dict[str, Any]:
    """Return the content of a statement with a row of 1,000 minor units for each reference."""
    rows = [
        {
            "business_date": "2024-10-01",
            "type": "charge",
            "amount": 1_000,
            "balance": 1_000 * place,
            "reference": reference,
        }
        for place, reference in enumerate(references, 1)
    ]
    total = 1_000 * len(rows)
    return content_of(
        kind="account_statement",
        language=language,
        number="MCOM_20241029131152655",
        issued_at="2024-10-29T04:11:52.655000Z",
        position=1_284,
        account_version=42,
        supplier=EXAMPLE.block(language),
        recipient={"account_id": "acc_01k7q4m2x9w3t8r5z6", "name": name, "member_id": None, "email": None},
        basis={},
        figures={
            "from": "2024-10-01",
            "to": "2024-10-31",
            "currency": currency,
            "mode": "prepaid",
            "opening_balance": 0,
            "rows": rows,
            "totals": {"charge": {"count": len(rows), "amount": total}},
            "closing_balance": total,
            "lots": [],
            "overdrawn": 0,
        },
    )


def text_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def made(content: dict[str, Any], *formats: str) -> dict[str, bytes]:
    return asyncio.run(render(content, formats))


def test_the_same_content_gives_the_same_bytes_in_each_process() -> None:
    content = statement(["PAY-1"])

    first, second = (made(content, "json", "pdf", "xlsx", "csv") for _ in range(2))

    assert first == second
    assert first["json"] == canonical(content)
    assert first["pdf"] == to_pdf(page_of(content))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ko", ("계정 거래내역서", "등대찻집", "공급자", "(주)푸른연 모바일쿠폰", "기말 잔액", "PAY-1", "문서번호")),
        ("en", ("Account Statement", "등대찻집", "Supplier", "Closing balance", "PAY-1", "Document no.")),
    ],
)
def test_text_can_be_read_out_of_a_pdf_with_digest_position_and_number(language: str, words: tuple[str, ...]) -> None:
    content = statement(["PAY-1"], language=language)

    (page,) = text_of(to_pdf(page_of(content)))

    assert [word for word in (*words, "MCOM_20241029131152655", "1,284", "1 / 1") if word not in page] == []
    assert digest(canonical(content)) in page


def test_a_korean_font_is_embedded_and_the_file_is_an_archive_copy() -> None:
    pdf = to_pdf(page_of(statement(["PAY-1"])))

    reader = pypdf.PdfReader(io.BytesIO(pdf))
    resources: Any = reader.pages[0]["/Resources"]
    fonts: dict[str, Any] = resources["/Font"]
    described = [font.get_object()["/DescendantFonts"][0].get_object() for font in fonts.values()]
    assert {str(font["/BaseFont"]).partition("+")[2] for font in described} == {
        "NanumBarunGothic",
        "NanumBarunGothicBold",
    }
    assert all("/FontFile2" in font["/FontDescriptor"] for font in described)
    assert b"pdfaid:part>2<" in pdf
    assert reader.metadata is not None
    assert str(reader.metadata.creation_date)[:19] == "2024-10-29 04:11:52"


def test_a_long_table_has_its_head_on_every_page_and_pages_are_counted() -> None:
    pages = text_of(to_pdf(page_of(statement(["PAY-1"] * 120))))

    assert len(pages) > 2
    assert [page.count("거래일\n") + page.count("거래일 구분") for page in pages[:-1]] == [1] * (len(pages) - 1)
    assert [f"{number} / {len(pages)}" in page for number, page in enumerate(pages, 1)] == [True] * len(pages)


def test_no_text_of_anybody_is_markup() -> None:
    (page,) = text_of(to_pdf(page_of(statement([MARKUP], name=MARKUP))))

    assert "".join(page.split()).count("".join(MARKUP.split())) == 2


def test_a_character_without_glyph_costs_the_archive_mark_and_nothing_else() -> None:
    pdf = to_pdf(page_of(statement(["gift 🎁"], name="컵케이크🧁")))

    assert "컵케이크" in text_of(pdf)[0]
    assert b"pdfaid" not in pdf


def test_a_pdf_has_five_thousand_rows_at_most_and_spreadsheets_more() -> None:
    long = statement([None] * (PDF_ROWS_MAX + 1))

    with pytest.raises(DocumentTooLong) as refused:
        made(long, "pdf")
    assert refused.value.figures == {"rows": 5_001, "rows_max": 5_000}
    assert len(made(long, "csv")["csv"].splitlines()) > PDF_ROWS_MAX


def test_long_tables_leave_the_tags_out() -> None:
    content = statement([None] * (TAGGED_ROWS_MAX + 1))

    pdf = to_pdf(page_of(content))

    assert b"StructTreeRoot" not in pdf
    assert b"pdfaid:conformance>B<" in pdf


def test_what_looks_like_a_formula_comes_out_as_text_in_csv_and_xlsx() -> None:
    page = page_of(statement([*NASTY], name="=1+1"))

    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(page))).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value in NASTY} == {"s"}
    assert not [cell for cell in cells if cell.data_type == "f"]
    written = to_csv(page).decode("utf-8-sig")
    texts = {cell for row in csv.reader(io.StringIO(written, newline="")) for cell in row}
    assert {f"'{nasty}" for nasty in NASTY} <= texts
    assert not texts & set(NASTY)


def test_figures_of_a_spreadsheet_are_numbers_that_add_up() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(page_of(statement(["a", "b", "c"]))))).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))

    charges = [row for row in rows if row[1] == "충전"]
    assert [row[3] for row in charges] == [1_000, 1_000, 1_000]
    assert sum(int(str(row[3])) for row in charges) == 3_000
    assert ("합계", None, None, 3_000, 3_000) in rows


def test_amounts_are_in_units_of_the_currency() -> None:
    page = page_of(statement(["a"], currency="CZK"))

    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(page))).active
    assert sheet is not None
    assert ("2024-10-01", "충전", "a", 10, 10) in list(sheet.iter_rows(values_only=True))
    assert ",10.00,10.00\r\n" in to_csv(page).decode()
    assert "10.00" in text_of(to_pdf(page))[0]


# -- the company ----------------------------------------------------------------------------------------------------


def test_without_a_file_the_sandbox_has_an_example_company_and_others_none() -> None:
    assert load_company(None, sandbox=True) is EXAMPLE
    assert load_company(None, sandbox=False) is None
    assert has_check_digit(EXAMPLE.business_number)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("business_number = ", "cannot be read: TOMLDecodeError"),
        ('business_number = "12-345-67890"', "wrong, missing or unknown: account_number, business_number, en, ko"),
        ("DOC", "business_number has a wrong check digit"),
    ],
)
def test_a_company_file_that_is_wrong_is_named_and_not_printed(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "company.toml"
    file.write_text(_toml("123-45-67890") if text == "DOC" else text, encoding="utf-8")

    with pytest.raises(CompanyUnusable, match=fault) as refused:
        load_company(file, sandbox=False)

    assert "67890" not in str(refused.value)


def test_a_company_file_names_who_issues(tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    file.write_text(_toml("123-45-67891"), encoding="utf-8")

    company = load_company(file, sandbox=False)

    assert company is not None
    assert company.block("ko")["name"] == "(주)푸른연 모바일쿠폰"
    assert company.block("en")["bank"] == "Example Bank"


def _toml(business_number: str) -> str:
    """Return the example of docs/documents.md, with another business number."""
    text = (Path(__file__).parents[2] / "docs" / "documents.md").read_text(encoding="utf-8")
    return text.partition("```toml\n")[2].partition("```")[0].replace("123-45-67891", business_number)
