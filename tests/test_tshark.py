"""What Wireshark's dissector reads in our messages: every field equal to ours.

Its iso8583 dissector is right for ASCII digits with a hex bitmap behind a 2-byte length, and in part for packed ones;
there it is the one independent reader that our users have at hand anyway.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from iso_gateway.catalog import load_spec
from iso_gateway.framing import Framing
from iso_gateway.protocol.kinds import Kind
from tests.support.captures import capture
from tests.support.desk import PAN, Desk, setup
from tests.support.edge import running
from tests.support.fixture_files import samples

if shutil.which("tshark") is None:
    pytest.skip("tshark is not installed (Debian package tshark)", allow_module_level=True)

SPEC = load_spec("iso87-ascii")
READ_BY_TSHARK = [sample for sample in samples("iso87-ascii") if "tshark" in sample.checked_by]
PACKED = load_spec("iso93-binary")
PACKED_READ_BY_TSHARK = [sample for sample in samples("iso93-binary") if "tshark" in sample.checked_by]
PORT = 5000
AS_NIBBLES = ("iso8583.charset:Digits represented in nibbles", "iso8583.binencode:Bin data not encoded")


@pytest.fixture(scope="module")
def dissected(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What tshark makes of a capture of all messages, encoded and framed by us."""
    framing = Framing.parse("2be")
    frames = [framing.frame(SPEC.encode(SPEC.message(sample.mti, sample.fields))) for sample in READ_BY_TSHARK]
    return _dissect(tmp_path_factory.mktemp("tshark") / "messages.pcap", frames)


@pytest.mark.parametrize("index", range(len(READ_BY_TSHARK)), ids=[sample.name for sample in READ_BY_TSHARK])
def test_tshark_reads_every_field_as_we_do(dissected: list[dict[str, Any]], index: int) -> None:
    layer = dissected[index]
    sample = READ_BY_TSHARK[index]
    assert "MALFORMED" not in json.dumps(layer)
    assert layer["iso8583.mti"] == sample.mti
    assert _fields(layer) == _texts(sample.fields)
    message = SPEC.decode(sample.raw)
    assert _fields(layer) == _texts({number: message[number] for number in message})


def test_tshark_reads_most_of_the_messages_and_the_largest_of_them() -> None:
    assert len(READ_BY_TSHARK) >= 10
    most = max(READ_BY_TSHARK, key=lambda sample: len(sample.fields))
    assert set(SPEC.fields) - set(most.fields) == {53, 86, 87, 88, 89}


def test_tshark_reads_packed_digits_as_we_do(tmp_path: Path) -> None:
    framing = Framing.parse("2be")
    frames = [
        framing.frame(PACKED.encode(PACKED.message(sample.mti, sample.fields))) for sample in PACKED_READ_BY_TSHARK
    ]
    layers = _dissect(tmp_path / "packed.pcap", frames, AS_NIBBLES)
    assert len(layers) >= 4
    for sample, layer in zip(PACKED_READ_BY_TSHARK, layers, strict=True):
        assert "MALFORMED" not in json.dumps(layer)
        assert layer["iso8583.mti"] == sample.mti
        assert _fields(layer) == _texts(sample.fields)


async def test_tshark_reads_the_link_of_a_running_gateway_as_we_do(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        counter, unionpay = await gateway.terminal(), await gateway.terminal("unionpay")
        chip = bytes.fromhex("9F2608A1B2C3D4E5F607189F360200C49505000000000082021980")
        sale = Desk(links=()).request(changes={35: f"{PAN}=25122011000012345678", 52: bytes(range(8)), 55: chip})
        answer = await counter.ask(sale)
        void = Desk(links=()).request(Kind.VOID, stan="000002", original=Desk(links=()).original(sale, answer))
        await counter.ask(void)
        await unionpay.ask(Desk(setup("cup-pos"), links=()).request(terminal="TERM0002"))
        payloads = list(gateway.host.wire)
    assert [payload[:4] for payload in payloads] == [b"0800", b"0810", *[b"0200", b"0210"] * 3]
    layers = _dissect(tmp_path / "link.pcap", [Framing.parse("2be").frame(payload) for payload in payloads])
    for payload, layer in zip(payloads, layers, strict=True):
        message = SPEC.decode(payload)
        assert "MALFORMED" not in json.dumps(layer)
        assert layer["iso8583.mti"] == message.mti
        assert _fields(layer) == _texts({number: message[number] for number in message})


def _dissect(path: Path, frames: list[bytes], also: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return tshark's iso8583 layer of each frame."""
    path.write_bytes(capture(frames, port=PORT))
    options = [f"iso8583.tcp.port:{PORT}", "iso8583.len_endian:Big endian", *also]
    command = ["tshark", "-r", str(path), "-T", "json", *(word for option in options for word in ("-o", option))]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return [packet["_source"]["layers"]["iso8583"] for packet in json.loads(done.stdout)]


def _fields(layer: dict[str, Any]) -> dict[int, str]:
    """Return the data elements of a layer by number; bit 1 is the secondary bitmap."""
    numbered = {re.fullmatch(r"iso8583\.bit(\d+)", key): text for key, text in layer.items()}
    found = {int(match[1]): text for match, text in numbered.items() if match}
    found.pop(1, None)
    return found


def _texts(fields: dict[int, str | bytes]) -> dict[int, str]:
    """Return *fields* as this spec writes them: bytes as hexadecimal characters."""
    return {number: value.hex().upper() if isinstance(value, bytes) else value for number, value in fields.items()}
