"""A canary: whatever a card holds, no byte of the journal's files shows it (promise 4)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from iso_gateway.store.sqlite import SqliteJournal
from tests.protocol.test_records import ROW
from tests.protocol.test_secret_stories import (
    CARD,
    CHIP,
    PIN_BLOCK,
    TRACK_2,
    VERIFICATION,
    mismatches,
    refusals,
    sale_and_time_out,
    trouble,
)
from tests.support.desk import PAN, Desk

NUMBERS = (PAN, "4111111111111111")
"""The card's, and the one that a host answers with by mistake."""
TEXTS = (*NUMBERS, TRACK_2, TRACK_2.replace("D", "="), VERIFICATION)


def shapes() -> dict[str, bytes]:
    """Return everything that must not be found, as characters, digits packed in bytes, and hex."""
    found = {text: text.encode() for text in TEXTS}
    found |= {f"{text} in UTF-16": text.encode("utf-16-le") for text in TEXTS}
    found |= {f"{pan} packed": bytes.fromhex(pan) for pan in NUMBERS}
    for name, value in (("PIN block", PIN_BLOCK), ("chip data", CHIP), ("track in the chip", CHIP[13:26])):
        found |= {name: value, f"{name} in hex": value.hex().encode(), f"{name} in HEX": value.hex().upper().encode()}
    return found


def on_disk(folder: Path) -> dict[str, bytes]:
    """Return what every file of the journal holds."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def leaks(folder: Path) -> list[tuple[str, str]]:
    return [(file, name) for file, held in on_disk(folder).items() for name, shape in shapes().items() if shape in held]


def sales(desk: Desk) -> None:
    for _ in range(20):
        desk.sale(changes={**CARD, 48: VERIFICATION})


@pytest.mark.parametrize("story", [sales, sale_and_time_out, refusals, mismatches, trouble])
def test_no_byte_on_the_disk_tells_of_the_card(story: Callable[[Desk], None], tmp_path: Path) -> None:
    desk = Desk()
    journal = SqliteJournal(tmp_path / "journal.db", ROW.received)
    desk.journal = journal  # type: ignore[assignment]  # the same interface
    story(desk)
    assert "journal.db-wal" in on_disk(tmp_path)
    assert leaks(tmp_path) == []
    journal.close()
    assert sum(map(len, on_disk(tmp_path).values())) > 20_000
    assert leaks(tmp_path) == []


def test_the_canary_would_be_seen(tmp_path: Path) -> None:
    for name, shape in shapes().items():
        (tmp_path / "journal.db").write_bytes(b"before" + shape + b"behind")
        assert ("journal.db", name) in leaks(tmp_path)
