"""The documents of the repository, taken apart: fenced blocks, links, headings.

`python -m tests.documents` writes the table of scopes in `docs/api.md` again.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from api.access import ROLES, SCOPES

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
API = ROOT / "docs" / "api.md"

RUN = "<!-- run -->"
"""The line before a block that is to be run; the block right after it, if there is one, is what it prints."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block. language: as its fence says. text: its lines. run: whether it is marked to be run."""

    language: str
    text: str
    run: bool
    begin: int
    end: int


class Step(NamedTuple):
    """Commands of a session, and what they print ("..." for whatever there is); "" = nothing."""

    commands: str
    printed: str


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a document, in order."""
    return [
        Block(found[1], found[2], text[: found.start()].endswith(f"{RUN}\n"), found.start(), found.end())
        for found in _FENCE.finditer(text)
    ]


def session(text: str) -> list[Step]:
    """Return the steps of a document that are to be run, in order."""
    every = blocks(text)
    steps: list[Step] = []
    for block, following in zip(every, [*every[1:], None], strict=True):
        if block.run:
            answered = following is not None and following.begin == block.end + 1
            steps.append(Step(block.text, following.text if following is not None and answered else ""))
    return steps


def links(text: str) -> list[str]:
    """Return where the links of a document lead."""
    return _LINK.findall(_FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """Return the names under which the headings of a document can be reached."""
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(_FENCE.sub("", text)))
    return {word.replace(" ", "-") for word in words}


def difference(printed: str, wanted: str) -> str:
    """Say where a text is not as wanted; "" when it is. Spaces and line ends do not count; "..." is anything."""
    found = "".join(printed.split())
    head, *pieces = "".join(wanted.split()).split("...")
    if not pieces:
        return "" if found == head else f"wanted {head!r}, found {found!r}"
    if not found.startswith(head):
        return f"wanted {head!r} first, found {found!r}"
    rest = found[len(head) :]
    for piece in pieces[:-1]:
        _, met, after = rest.partition(piece) if piece else ("", "...", rest)
        if not met:
            return f"wanted {piece!r}, found {rest!r}"
        rest = after
    return "" if rest.endswith(pieces[-1]) else f"wanted {pieces[-1]!r} last, found {rest!r}"


def scope_table() -> str:
    """Return the table of scopes and roles as Markdown."""
    rows = [f"| scope | allows to | {' | '.join(ROLES)} |", "| --- | --- |" + " :-: |" * len(ROLES)]
    for scope, meaning in SCOPES.items():
        marks = ("x" if scope in role else " " for role in ROLES.values())
        rows.append(f"| `{scope}` | {meaning} | {' | '.join(marks)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    head, _, rest = API.read_text().partition("| scope |")
    API.write_text(head + scope_table() + rest[rest.index("\n\n") + 1 :])
