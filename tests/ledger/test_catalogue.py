"""The catalogue of facts says what the code says, and says something about every field."""

from __future__ import annotations

from ledger.catalogue import DOCUMENT, document, undocumented


def test_the_catalogue_is_in_step_with_the_facts() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run python -m ledger.catalogue"


def test_every_field_of_every_fact_is_explained() -> None:
    assert undocumented() == []
