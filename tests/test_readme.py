"""The session of the README, run as printed against a real `ledger serve` on a fresh data folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Service, plain_environment
from tests.documents import ROOT, difference, session

README = (ROOT / "README.md").read_text()
PRINTED_URL = "http://127.0.0.1:8000"
MARK = "=== end of a step ==="
LIMIT_S = 600


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Give a folder that looks as the project's does to the README's commands."""
    path = Path(tempfile.mkdtemp(prefix="payledger-readme-"))
    path.chmod(0o755)
    (path / ".venv" / "bin").mkdir(parents=True)
    (path / ".venv" / "bin" / "ledger").symlink_to(Path(sys.executable).parent / "ledger")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def service(place: Path) -> Iterator[Service]:
    """Run a service on a free port."""
    made = Service(place / ".ledger", "--port", "0")
    yield made.wait_until_ready()
    made.end()


def test_the_session_of_the_readme_works_as_printed(place: Path, service: Service) -> None:
    steps = session(README)
    script = "set -euo pipefail\n" + "".join(f"{step.commands}\necho '{MARK}'\n" for step in steps)

    done = subprocess.run(
        ["bash", "-c", script.replace(PRINTED_URL, service.url)],
        cwd=place,
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT_S,
        check=False,
    )

    *printed, rest = done.stdout.decode().split(f"{MARK}\n")
    differences = [difference(said, step.printed) for said, step in zip(printed, steps, strict=False)]
    assert (differences, rest, done.returncode) == ([""] * len(steps), "", 0)


def test_the_session_covers_what_a_newcomer_needs() -> None:
    commands = "".join(step.commands for step in session(README))

    needed = [
        *("/v1/keys", "/v1/accounts", "/charges", "/spends", "/capture", "/return", "/refund-preview"),
        *("/refund-requests", "/limit", "/transactions", "/statement", "/v1/trial-balance", "ledger verify"),
    ]
    assert [name for name in needed if name not in commands] == []


def test_the_readme_is_short_and_in_the_order_of_a_newcomers_questions() -> None:
    headings = [line[3:] for line in README.splitlines() if line.startswith("## ")]

    assert headings == ["Why", "Run", "Use", "Concepts", "Operations", "Development"]
    assert len(README.splitlines()) <= 250


@pytest.mark.parametrize(
    ("printed", "wanted", "same"),
    [
        ('{"a":1}\n', '{"a": 1}', True),
        ('{"a":1,"b":2}', '{"a": 1, ...}', True),
        ('{"a":1,"b":2}', '{... "b": 2}', True),
        ('{"a":1,"b":2}', '{"a": 1}', False),
        ('{"a":1,"b":2}', '{... "b": 3}', False),
        ('{"a":1,"b":2,"c":3}', '{... "b": 2}', False),
        ("x", "", False),
        ("", "", True),
        ("", "...", True),
    ],
)
def test_what_is_printed_is_held_against_what_was_promised(printed: str, wanted: str, same: bool) -> None:
    assert (difference(printed, wanted) == "") == same
