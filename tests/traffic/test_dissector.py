"""What tshark makes of our messages with the dissector of their spec: every element and part as we decode it.

One process of tshark for all: each spec has a script that masks and one that does not, each at a port of its own, with
framings that differ from spec to spec, frames cut in pieces and several to a segment.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
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
from iso_gateway.resources import folder
from iso_gateway.traffic.conversations import Paired
from iso_gateway.traffic.dissector import dissector, lua
from iso_gateway.traffic.overhearing import Overhearing
from tests.codec.test_part_random import specs
from tests.support import spec_strategies
from tests.support.captures import Talk, classic
from tests.support.drawn_messages import messages, mutated
from tests.support.fixture_files import samples
from tests.support.shipped import SHIPPED_SPECS

if shutil.which("tshark") is None:
    pytest.skip("tshark is not installed (Debian package tshark)", allow_module_level=True)

DRAWN = 6
FRAMINGS = (
    "2be",
    "2le-inclusive",
    "2bcd+tpdu",
    "4ascii",
    "2be+tpdu+cup",
    "4ascii-inclusive",
    "4be",
    "2be",
    "4be-inclusive",
)
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


def collected(draw: Callable[[st.DataObject], object], count: int) -> None:
    """Have *draw* called so often, always with the same data."""

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        draw(data)

    collect()


def drawn(spec: Spec) -> list[bytes]:
    """Return messages of *spec*, and bytes that are nearly some."""
    found: list[bytes] = []

    def draw(data: st.DataObject) -> None:
        raw = spec.encode(data.draw(messages(spec, 40)))
        found.extend((raw, data.draw(mutated(raw)) or raw))

    collected(draw, DRAWN)
    return found


def drawn_specs() -> list[tuple[Spec, list[bytes]]]:
    """Return specs that nobody ships, half of them with parts in parts, each with some bytes."""
    found: list[tuple[Spec, list[bytes]]] = []

    def draw(data: st.DataObject) -> None:
        spec = spec_strategies.valid(data.draw(spec_strategies.spec_data()))
        some = [spec.encode(data.draw(spec_strategies.messages(spec))) for _ in range(4)]
        found.append((spec, some + [data.draw(spec_strategies.broken(each)) or each for each in some]))

    def draw_parts(data: st.DataObject) -> None:
        spec, said = data.draw(specs())
        whole = spec.message("0200", {48: said})
        other = (
            data.draw(mutated(text)) if isinstance(text := whole[48], bytes) else text[: data.draw(st.integers(0, 9))]
        )
        found.append((spec, [spec.encode(each) for each in (whole, spec.message("0200", {48: other}))]))

    collected(draw, DRAWN)
    collected(draw_parts, 2 * DRAWN)
    return [(spec, some) for spec, some in found if max(map(len, some)) < 4000]


@dataclass
class Case:
    """One spec: its messages, as they went and as tshark shows them."""

    spec: Spec
    framing: Framing
    raw: list[bytes]
    shown: dict[bool, list[Shown]] = field(default_factory=dict)
    """By whether they are unmasked."""

    name: str = ""
    """What its filter fields begin with."""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    shipped = [load_spec(name) for name in SHIPPED_SPECS]
    all_of_them = [(spec.name, spec, [each.raw for each in samples(spec.name)] + drawn(spec)) for spec in shipped]
    all_of_them += [(f"drawn {at}", *each) for at, each in enumerate(drawn_specs())]
    found = {
        name: Case(spec, Framing.parse(FRAMINGS[at % len(FRAMINGS)]), some)
        for at, (name, spec, some) in enumerate(all_of_them)
    }
    for at, (name, case) in enumerate(found.items()):
        case.shown = {False: [], True: []} if name in SHIPPED_SPECS else {at % 2 == 0: []}
    dissect(found, tmp_path_factory.mktemp("dissectors"))
    return found


def dissect(found: dict[str, Case], place: Path) -> None:
    """Have tshark read all of *found*."""
    packets = []
    command = ["tshark", "-r", str(place / "all.pcap"), "-T", "pdml"]
    for at, case in enumerate(found.values()):
        case.name = f"own{at}"
        profile = load_profile(case.spec.profile) if case.spec.profile else None
        for unsafe, port in ((False, PORT + at), (True, UNSAFE_PORT + at)):
            if unsafe not in case.shown:
                continue
            name = case.name + "_unsafe" * unsafe
            script = dissector(case.spec, case.framing, [port], profile, abbreviation=name, unsafe=unsafe)
            (place / f"{name}.lua").write_text(script, "utf-8")
            command += ["-X", f"lua_script:{place / name}.lua"]
            packets += talk(case, port).packets
    (place / "all.pcap").write_bytes(classic(packets))
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert b"Lua" not in done.stderr, done.stderr.decode()
    named = {case.name: case for case in found.values()}
    for proto in ET.fromstring(done.stdout).iter("proto"):
        name, _, unmasked = str(proto.get("name")).partition("_")
        if name in named:
            named[name].shown[bool(unmasked)].append(shown(proto))


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


def agreed(case: Case, *, unsafe: bool) -> int:
    """Hold what tshark shows of *case* against our own decode; return how many messages were whole."""
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
        fields = to_json(message, unsafe=unsafe)["fields"]
        assert found.mti == message.mti
        assert found.fields == {int(number): mask.printable(text) for number, text in fields.items()}
        assert [each for each in found.parts if each[1]] == [each for each in ours if each[1]]
        assert found.broken == broken
        for span in message.spans:
            if span.field.isdigit() and not span.fault:
                assert found.places[int(span.field)] == (span.start, span.end - span.start)
    return good


@pytest.mark.parametrize("unsafe", [False, True], ids=["masked", "unsafe"])
@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_tshark_shows_every_element_and_part_as_we_decode_it(
    cases: dict[str, Case], name: str, *, unsafe: bool
) -> None:
    assert agreed(cases[name], unsafe=unsafe) >= len(samples(name)) + DRAWN


def test_tshark_shows_what_no_shipped_spec_has(cases: dict[str, Case]) -> None:
    """Code pages, third bitmaps, lengths that count themselves or characters, every kind of parts in parts."""
    others = [case for name, case in cases.items() if name.startswith("drawn")]
    assert sum(agreed(case, unsafe=unsafe) for case in others for unsafe in case.shown) >= 2 * len(others) >= 5 * DRAWN


ISO87 = load_spec("iso87-ascii")
ECHO = ISO87.encode(ISO87.message("0800", {11: 1, 70: "301"}))
REVERSAL = ISO87.encode(ISO87.message("0400", {11: 8, 39: "98"}))
DECLINED = ISO87.encode(ISO87.message("0210", {11: 7, 39: "51", 41: "TERM0001"}))


def columns(talk: Talk, framing: str, place: Path, *, snap: int = 0) -> list[tuple[str, str]]:
    """Return what the list of packets says of those that are ours, and what of them is marked."""
    script = dissector(ISO87, Framing.parse(framing), [5000], load_profile(ISO87.profile))
    (place / "one.lua").write_text(script, "utf-8")
    (place / "one.pcap").write_bytes(classic(talk.packets, snap=snap))
    command = ["tshark", "-r", "one.pcap", "-X", "lua_script:one.lua", "-Y", "isogw", "-T", "fields"]
    command += ["-e", "_ws.col.Info", "-e", "_ws.expert.message"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60, cwd=place, text=True)
    assert "Lua" not in done.stderr
    return [(line.partition("\t")[0], line.partition("\t")[2]) for line in done.stdout.splitlines()]


def test_frames_and_what_is_no_frame(tmp_path: Path) -> None:
    """Two messages in one segment, a reversal with a reason, a keep-alive; a wrong header, length, frame."""
    framing = Framing.parse("2be+tpdu")
    echo, declined, reversal = framing.frame(ECHO), framing.frame(DECLINED), framing.frame(REVERSAL)
    talk = (
        Talk()
        .open()
        .up(echo + declined, reversal, b"\x00\x00", echo[:2] + b"\x61" + echo[3:], b"\xff\xff??", b"\x00\x01\x60", echo)
    )
    assert columns(talk, "2be+tpdu", tmp_path) == [
        ("0800, STAN 000001 | 0210 declined 51 (insufficient funds), STAN 000007, TERM0001", "insufficient funds"),
        ("0400 98, STAN 000008", ""),
        ("keep-alive", ""),
        ("0800, STAN 000001", "not a header of the kind tpdu"),
        ("no frame", "no length of a frame"),
        ("no message", "the frame ends inside its headers"),
        ("0800, STAN 000001", ""),
    ]


def shuffled(data: st.DataObject, client: int) -> Talk:
    """Return three exchanges over one connection, each message in pieces, out of order and some of them twice."""
    talk = Talk(client=("10.0.0.5", client), sequences=[0xFFFFFFA0, client]).open()
    framing = Framing.parse("2be")
    for stan in range(3):
        request = ISO87.message("0200", {11: stan, 41: f"{client:08}"})
        for up, message in ((True, request), (False, request.response_to({39: "00"}))):
            whole = framing.frame(ISO87.encode(message))
            cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), min_size=1, max_size=3)))
            bounds = list(zip([0, *cuts], [*cuts, len(whole)], strict=True))
            bounds.append(data.draw(st.sampled_from(bounds)))
            first = talk.sequences[not up]
            for start, end in data.draw(st.permutations(bounds)):
                talk.add(whole[start:end], up=up, sequence=first + start)
            talk.sequences[not up] = first + len(whole)
            talk.add(b"", up=not up)
    return talk.close()


def test_tshark_puts_streams_together_as_we_do(tmp_path: Path) -> None:
    """Its own reassembly of TCP, and ours: the same messages on the same connections, every one of them."""
    talks: list[Talk] = []
    collected(lambda data: talks.append(shuffled(data, 30_000 + len(talks))), DRAWN)
    packets = [packet for talk in talks for packet in talk.packets]
    (tmp_path / "all.lua").write_text(dissector(ISO87, Framing.parse("2be"), [5000]), "utf-8")
    (tmp_path / "all.pcap").write_bytes(classic(packets))
    command = ["tshark", "-r", "all.pcap", "-X", "lua_script:all.lua", "-o", "tcp.reassemble_out_of_order:TRUE"]
    command += [
        "-Y",
        "isogw",
        "-T",
        "fields",
        *(word for key in ("mti", "de11", "de41") for word in ("-e", f"isogw.{key}")),
    ]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60, cwd=tmp_path, text=True)
    theirs = [
        each
        for line in done.stdout.splitlines()
        for each in zip(*(cell.split(",") for cell in line.split("\t")), strict=True)
    ]
    heard = Overhearing(ISO87, Framing.parse("2be"), 5000)
    told = [each for each in heard.read(io.BytesIO(classic(packets))) if isinstance(each, Paired)]
    ours = [(each.told.message.mti, str(each.told.message[11]), str(each.told.message[41])) for each in told]
    assert sorted(ours) == sorted(theirs)
    assert [each.word for each in told].count("answer") == len(told) // 2 == 3 * len(talks)


def test_tshark_pairs_requests_and_answers_as_we_do(tmp_path: Path) -> None:
    """The capture that comes with the package: each answer has its request and its time, one request has none."""
    capture = (folder("fixtures") / "captures" / "counter.pcap").read_bytes()
    (tmp_path / "counter.pcap").write_bytes(capture)
    (tmp_path / "own.lua").write_text(dissector(ISO87, Framing.parse("2be"), [5000]), "utf-8")
    command = ["tshark", "-2", "-r", "counter.pcap", "-X", "lua_script:own.lua", "-Y", "isogw", "-T", "fields"]
    command += [word for name in ("frame.number", "isogw.request_in", "isogw.response_in") for word in ("-e", name)]
    done = subprocess.run(
        [*command, "-e", "isogw.time"], capture_output=True, check=True, timeout=60, cwd=tmp_path, text=True
    )
    theirs = {int(row[0]): row[1:] for row in (line.split("\t") for line in done.stdout.splitlines())}
    heard = Overhearing(ISO87, Framing.parse("2be"), 5000)
    told = [each for each in heard.read(io.BytesIO(capture)) if isinstance(each, Paired)]
    answers = {each.partner: each for each in told if each.word == "answer"}
    assert len(answers) == 5
    for each in told:
        request, response, seconds = theirs[each.told.number]
        if each.word == "request":
            answer = answers.get(each.told.number)
            assert (request, response, seconds) == ("", str(answer.told.number) if answer else "", "")
        else:
            assert (request, response) == (str(each.partner), "")
            assert round(float(seconds) * 10**6) == round(each.after / 1000)


def test_what_was_not_captured_is_not_waited_for(tmp_path: Path) -> None:
    frame = Framing.parse("2be").frame(DECLINED)
    ((info, marks),) = columns(Talk().open().up(frame), "2be", tmp_path, snap=40 + len(frame) - 4)
    assert info == "0210 declined 51 (insufficient funds), STAN 000007"
    assert marks == "insufficient funds,DE 41: the message ends inside it"


@pytest.mark.parametrize("name", ["", "Upper", "9x", "a-b", "a" * 33])
def test_a_name_that_no_filter_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="small letters"):
        dissector(ISO87, Framing.parse("2be"), abbreviation=name)


def test_what_a_spec_says_cannot_leave_its_string() -> None:
    assert lua('a"]] .. os.exit() --\n\\') == '"a\\034]] .. os.exit() --\\010\\092"'
    assert lua({"a": None, 1: [True, "é\u202e"]}) == '{[1]={true,"é\\226\\128\\174"}}'
