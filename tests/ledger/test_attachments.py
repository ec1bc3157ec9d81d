"""Attachments: what a file is, its bytes say; what is too large, damaged or harmful is refused (SPEC R-106, 13)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pytest

from aggregates.collecting.payment_request_parts import ATTACHMENT_BYTES_MAX
from aggregates.errors import Rejected
from ledger.attachments import ARCHIVE_BYTES_MAX, ARCHIVE_FILES_MAX, AttachmentNameMismatch, check_name, sniff
from ledger.attachments import EICAR as VIRUS
from ledger.sheets.writer import to_xlsx

MB = 1024 * 1024


def zipped(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def encrypted() -> bytes:
    """Return an archive whose only file says that it is encrypted."""
    made = bytearray(zipped({"a.txt": b"tea"}))
    made[6] |= 1
    made[made.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def code(content: bytes) -> str:
    try:
        return sniff(content)
    except Rejected as error:
        return error.code


PDF = b"%PDF-1.7\n"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "jpg"),
        (b"\x89PNG\r\n\x1a\n\x00", "png"),
        (PDF, "pdf"),
        (to_xlsx(["item"], [["tea"]]), "xlsx"),
        (zipped({"notes/a.txt": b"tea"}), "zip"),
        (zipped({"../../etc/passwd": b"tea"}), "zip"),
        (b"", "attachment_type_not_taken"),
        (b"MZ\x90\x00", "attachment_type_not_taken"),
        (b"<html><script>", "attachment_type_not_taken"),
        (b" %PDF-1.7", "attachment_type_not_taken"),
        (PDF + VIRUS, "attachment_harmful"),
        (VIRUS, "attachment_harmful"),
        (zipped({"a.txt": b"tea" * 100_000 + VIRUS}), "attachment_harmful"),
        (zipped({"a.txt": b"x" * (256 * 1024 - 30) + VIRUS}), "attachment_harmful"),
        (zipped({"a.txt": b"tea"})[:-10], "attachment_unreadable"),
        (b"PK\x03\x04 and nothing else", "attachment_unreadable"),
        (encrypted(), "attachment_unreadable"),
    ],
)
def test_a_file_is_what_its_bytes_say_r106(content: bytes, kind: str) -> None:
    assert code(content) == kind


@pytest.mark.parametrize(
    ("size", "kind"), [(ATTACHMENT_BYTES_MAX, "pdf"), (ATTACHMENT_BYTES_MAX + 1, "attachment_too_large")]
)
def test_a_file_is_ten_megabytes_long_and_no_byte_longer_r106(size: int, kind: str) -> None:
    assert code(PDF.ljust(size, b" ")) == kind


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({f"{number}.txt": b"" for number in range(ARCHIVE_FILES_MAX)}, "zip"),
        ({f"{number}.txt": b"" for number in range(ARCHIVE_FILES_MAX + 1)}, "attachment_too_large"),
        ({"a": bytes(ARCHIVE_BYTES_MAX)}, "zip"),
        ({"a": bytes(ARCHIVE_BYTES_MAX), "b": b"x"}, "attachment_too_large"),
    ],
    ids=["as many files as may be", "one file more", "as long as may be", "a byte longer"],
)
def test_an_archive_is_bounded_in_files_and_in_what_it_expands_to(files: dict[str, bytes], kind: str) -> None:
    assert code(zipped(files)) == kind


@pytest.mark.parametrize(
    ("name", "kind"), [("photo.jpg", "jpg"), ("photo.JPEG", "jpg"), ("list.xlsx", "xlsx"), ("list.zip", "xlsx")]
)
def test_a_name_ends_as_the_bytes_say_r106(name: str, kind: str) -> None:
    check_name(name, kind)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("photo.png", "jpg"), ("list.xlsx", "zip"), ("contract", "pdf"), ("contract.pdf.exe", "pdf"), ("pdf", "zip")],
)
def test_a_name_that_says_something_else_than_the_bytes_is_refused_r106(name: str, kind: str) -> None:
    with pytest.raises(AttachmentNameMismatch):
        check_name(name, kind)
