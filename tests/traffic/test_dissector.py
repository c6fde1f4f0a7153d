"""What tshark makes of our messages with the dissector of their spec: every element and part as we decode it.

One process of tshark for all: each spec has a script that masks and one that does not, each at a port of its own, with
framings that differ from spec to spec, frames cut in pieces and several to a segment.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.codec import mask
from iso_gateway.codec.describe import to_json
from iso_gateway.codec.message import Message
from iso_gateway.codec.parts import tree
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError
from iso_gateway.framing import Framing
from iso_gateway.traffic.dissector import dissector
from tests.support.captures import Talk, classic
from tests.support.drawn_messages import messages, mutated
from tests.support.fixture_files import samples
from tests.support.shipped import SHIPPED_SPECS

if shutil.which("tshark") is None:
    pytest.skip("tshark is not installed (Debian package tshark)", allow_module_level=True)

DRAWN = 12
FRAMINGS = ("2be", "2le-inclusive", "2bcd+tpdu", "4ascii", "2be+tpdu+cup", "4ascii-inclusive", "2le", "2be", "2bcd")
PORT, UNSAFE_PORT = 7000, 8000


@dataclass
class Shown:
    """What tshark shows of one frame."""

    mti: str = ""
    fields: dict[int, str] = field(default_factory=dict)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Where elements lie, from the MTI on: first byte and size."""
    parts: list[tuple[str, str]] = field(default_factory=list)
    broken: int = 0


def drawn(spec: Spec) -> list[bytes]:
    """Return messages of *spec*, and bytes that are nearly some: always the same."""
    found: list[bytes] = []

    @settings(
        max_examples=DRAWN,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        raw = spec.encode(data.draw(messages(spec, 40)))
        found.append(raw)
        found.append(data.draw(mutated(raw)) or raw)

    collect()
    return found


@dataclass
class Case:
    """One spec: its messages, as they went and as tshark shows them."""

    spec: Spec
    framing: Framing
    raw: list[bytes]
    shown: dict[bool, list[Shown]] = field(default_factory=dict)
    """By whether they are unmasked."""

    @property
    def name(self) -> str:
        return "x_" + self.spec.name.replace("-", "_")


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    folder = tmp_path_factory.mktemp("dissectors")
    found: dict[str, Case] = {}
    packets = []
    command = ["tshark", "-r", str(folder / "all.pcap"), "-T", "pdml", "-o", "tcp.check_checksum:FALSE"]
    for at, name in enumerate(SHIPPED_SPECS):
        spec = load_spec(name)
        case = Case(spec, Framing.parse(FRAMINGS[at]), [each.raw for each in samples(name)] + drawn(spec))
        found[name] = case
        for unsafe, port in ((False, PORT + at), (True, UNSAFE_PORT + at)):
            abbreviation = case.name + "_unsafe" * unsafe
            script = folder / f"{abbreviation}.lua"
            profile = load_profile(spec.profile) if spec.profile else None
            script.write_text(
                dissector(spec, case.framing, [port], profile, abbreviation=abbreviation, unsafe=unsafe), "utf-8"
            )
            command += ["-X", f"lua_script:{script}"]
            packets += talk(case, port).packets
    (folder / "all.pcap").write_bytes(classic(packets))
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert b"Lua" not in done.stderr, done.stderr.decode()
    for proto in protos(done.stdout):
        for case in found.values():
            if proto.get("name") in {case.name, case.name + "_unsafe"}:
                case.shown.setdefault(proto.get("name") != case.name, []).append(shown(proto))
    return found


def talk(case: Case, port: int) -> Talk:
    """Return all messages as one connection: each third in three segments, each fifth with the next in one."""
    sent = Talk(server=("10.0.0.1", port)).open()
    kept = b""
    for at, raw in enumerate(case.raw):
        frame = kept + case.framing.frame(raw)
        kept = b""
        if at % 5 == 0 and at < len(case.raw) - 1:
            kept = frame
        elif at % 3 == 0 and len(frame) > 8:
            sent.up(frame[:1], frame[1:7], frame[7:])
        else:
            sent.up(frame)
    return sent


def protos(pdml: bytes) -> Iterator[ET.Element]:
    yield from ET.fromstring(pdml.decode("utf-8", "replace")).iter("proto")


def shown(proto: ET.Element) -> Shown:
    """Return what an element of PDML says."""
    name = str(proto.get("name"))
    found = Shown()
    start = 0
    for each in proto.iter("field"):
        key, text = str(each.get("name")).removeprefix(f"{name}."), str(each.get("show"))
        place = int(str(each.get("pos"))), int(str(each.get("size")))
        words = str(each.get("showname"))
        if key == "mti":
            found.mti, start = text, place[0]
        elif key == "broken":
            found.broken += 1
        elif key == "part":
            path, _, value = text.partition("=")
            found.parts.append((path, value))
        elif key.startswith(("de", "emv.")) and key[2:].isdigit():
            found.fields[int(key[2:])] = text
            found.places[int(key[2:])] = place[0] - start, place[1]
        elif key.startswith(("de", "emv.")) and key != "declined":
            found.parts.append((words.partition(" ")[0].rstrip(":"), text))
    return found


def read_inside(message: Message, *, unsafe: bool) -> tuple[list[tuple[str, str]], int]:
    """Return what we see in the elements of *message*, path and value, and how much of it is broken."""
    assert message.spec is not None
    found: list[tuple[str, str]] = []
    broken = 0
    for number in message:
        nodes = list(message.spec.inside(message, number))
        hidden = tree.hidden(nodes)
        for node in nodes:
            if node.item is None:
                broken += 1
                continue
            item = node.item._replace(mask="all") if node.parent in hidden else node.item
            item = item._replace(mask="none") if unsafe else item
            found.append((f"{number}.{node.path}", mask.part(item)))
    return found, broken


@pytest.mark.parametrize("unsafe", [False, True], ids=["masked", "unsafe"])
@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_tshark_shows_every_element_and_part_as_we_decode_it(
    cases: dict[str, Case], name: str, *, unsafe: bool
) -> None:
    case = cases[name]
    assert len(case.shown[unsafe]) == len(case.raw)
    good = 0
    for raw, found in zip(case.raw, case.shown[unsafe], strict=True):
        try:
            message = case.spec.decode(raw, trace=True)
        except DecodeError:
            assert found.broken
            continue
        good += 1
        ours, broken = read_inside(message, unsafe=unsafe)
        assert found.mti == message.mti
        assert {str(each): value for each, value in found.fields.items()} == to_json(message, unsafe=unsafe)["fields"]
        assert [each for each in found.parts if each[1]] == [each for each in ours if each[1]]
        assert found.broken == broken
        for span in message.spans:
            if span.field.isdigit() and not span.fault:
                assert found.places[int(span.field)] == (span.start, span.end - span.start)
    assert good >= len(samples(name)) + DRAWN
