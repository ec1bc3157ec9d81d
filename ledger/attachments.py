"""Files that people attach: what they are is told by their bytes, and what would harm whoever opens them is refused.

Pure but for time: nothing is written anywhere and nothing is taken out of an archive; it is only read through.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import IO

from aggregates.collecting.payment_request_parts import ATTACHMENT_BYTES_MAX, ATTACHMENT_TYPES
from aggregates.errors import Rejected

ARCHIVE_FILES_MAX = 1_000
ARCHIVE_BYTES_MAX = 50 * 1024 * 1024
"""An archive may hold so many files, and expand to so much."""

_PART = 256 * 1024
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""What every scanner finds; in two parts, so that none finds it here."""

_STARTS = {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png", b"%PDF-": "pdf", b"PK\x03\x04": "zip"}
_WORKBOOK = {"[Content_Types].xml", "xl/workbook.xml"}
_NAMED = {"jpg": ("jpg", "jpeg"), "png": ("png",), "pdf": ("pdf",), "xlsx": ("xlsx", "zip"), "zip": ("zip",)}
"""What its bytes say -> what its name may end with; a workbook is an archive, too."""


class AttachmentTypeNotTaken(Rejected):
    """The file is none of jpg, jpeg, pdf, png, xlsx and zip, whatever its name says (SPEC R-106)."""

    code = "attachment_type_not_taken"


class AttachmentTooLarge(Rejected):
    """The file is longer than 10 MB, or expands to more than an archive may (SPEC R-106)."""

    code = "attachment_too_large"


class AttachmentUnreadable(Rejected):
    """The archive is damaged or protected by a password, so nobody can say what is in it."""

    code = "attachment_unreadable"


class AttachmentHarmful(Rejected):
    """The file was found to harm whoever opens it."""

    code = "attachment_harmful"


class AttachmentNameMismatch(Rejected):
    """The name does not end as the file's bytes say it should; `allowed` says how it may."""

    code = "attachment_name_mismatch"


def sniff(content: bytes) -> str:
    """Return what a file is, by its bytes: jpg, png, pdf, xlsx or zip.

    Raises:
        AttachmentTooLarge: longer than 10 MB; an archive that expands to more than 50 MB or holds over 1,000 files.
        AttachmentHarmful: it holds what a scanner must find.
        AttachmentTypeNotTaken: it is none of these.
        AttachmentUnreadable: an archive that cannot be read through.

    Source: SPEC R-106, 13.
    """
    if len(content) > ATTACHMENT_BYTES_MAX:
        raise AttachmentTooLarge("an attachment may be 10 MB long", maximum=ATTACHMENT_BYTES_MAX)
    _refuse_harm(content)
    kind = next((kind for start, kind in _STARTS.items() if content.startswith(start)), None)
    if kind is None:
        raise AttachmentTypeNotTaken(
            "an attachment must be jpg, jpeg, pdf, png, xlsx or zip", allowed=list(ATTACHMENT_TYPES)
        )
    return _archive(content) if kind == "zip" else kind


def check_name(name: str, kind: str) -> None:
    """Refuse a name that says something else than the file's bytes. Raises: AttachmentNameMismatch."""
    if name.rpartition(".")[2].lower() not in _NAMED[kind]:
        raise AttachmentNameMismatch(
            "name must end as the attachment's content says", field="attachments", allowed=list(_NAMED[kind])
        )


def _archive(content: bytes) -> str:
    """Read an archive through, without taking anything out of it; return whether it is a workbook or a plain one."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > ARCHIVE_FILES_MAX:
                raise AttachmentTooLarge(
                    f"an archive may hold {ARCHIVE_FILES_MAX:,} files", files_max=ARCHIVE_FILES_MAX
                )
            left = ARCHIVE_BYTES_MAX
            for member in members:
                with archive.open(member) as opened:
                    left = _read_through(opened, left)
            names = {member.filename for member in members}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError, zlib.error) as error:
        raise AttachmentUnreadable("the archive is damaged or protected by a password") from error
    return "xlsx" if names >= _WORKBOOK else "zip"


def _read_through(opened: IO[bytes], left: int) -> int:
    """Read a member to its end; return how much of the bound is left."""
    kept = b""
    while part := opened.read(_PART):
        left -= len(part)
        if left < 0:
            raise AttachmentTooLarge("an archive may expand to 50 MB at most", expanded_bytes_max=ARCHIVE_BYTES_MAX)
        _refuse_harm(kept + part)
        kept = part[-len(EICAR) :]
    return left


def _refuse_harm(content: bytes) -> None:
    if EICAR in content:
        raise AttachmentHarmful("the attachment holds what a virus scanner must find")
