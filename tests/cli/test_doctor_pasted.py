"""What ``doctor`` prints to paste, pasted: into the file of a gateway, and behind ``--spec``."""

from __future__ import annotations

import itertools
import shlex
import textwrap
from pathlib import Path

import msgspec
import pytest

from iso_gateway import load_spec
from iso_gateway.framing import Framing
from iso_gateway.gateway.config import load
from iso_gateway.page import WIDTH
from tests.cli.conftest import Call
from tests.support.fixture_files import samples
from tests.support.hidden_specs import drawn, messages_of
from tests.support.shipped import SHIPPED_SPECS

FRAMINGS = ("2be", "2le+tpdu", "4be", "4ascii-inclusive", "2be+tpdu+cup", "2be-inclusive+cup")
GATEWAY = """
[[listener]]
name = "theirs"
address = "127.0.0.1:5000"
{pasted}

[[terminals]]
ids = ["TERM0001"]

[[acquirer]]
name = "bank"
links = ["127.0.0.1:9000"]
timezone = "UTC"
cut_over = "00:00"
{pasted}
"""


def pasted(told: str, folder: Path) -> tuple[str, str]:
    """Write the files that doctor *told*, as its reader does; return the spec and the framing to name."""
    lines = told.partition("to use the first:\n")[2].splitlines(keepends=True)
    block = textwrap.dedent("".join(itertools.takewhile(lambda line: line.startswith("   "), lines)))
    name, _, after = block.partition("\n")
    if not name.startswith("iso-gateway "):
        yaml, _, rest = after.partition("iso-gateway ")
        (folder / name).write_text(yaml)
        block = "iso-gateway " + rest
    command, _, settings = block.partition("\n")
    if command.startswith("iso-gateway explain --spec "):
        assert settings.endswith(("names no profile, which host and gateway need\n", " bytes\n"))
        return shlex.split(command)[3], ""
    (folder / "gateway.toml").write_text(GATEWAY.format(pasted=settings))
    words = shlex.split(command)
    assert (words[:3], words[4]) == (["iso-gateway", "host", "--port"], "--spec"), told
    assert f'spec = "{words[5]}"' in settings
    assert words[6:7] in ([], ["--framing"])
    return words[5], "".join(words[7:])


@pytest.mark.parametrize("turn", range(len(SHIPPED_SPECS)))
def test_what_is_told_of_a_framed_message_runs_a_gateway_that_reads_it(
    iso_gateway: Call, tmp_path: Path, turn: int
) -> None:
    name = SHIPPED_SPECS[turn]
    sample = max(samples(name)[:12], key=lambda each: len(each.fields))
    framing = Framing.parse(FRAMINGS[turn % len(FRAMINGS)])
    wire = framing.frame(sample.raw)
    done = iso_gateway("doctor", "--spec", name, wire.hex())
    assert done.exit_code == 0, done.output
    spec, told = pasted(done.output, tmp_path)
    assert spec == name
    if not load_spec(spec).profile:
        assert not (tmp_path / "gateway.toml").exists()
        return
    config = load(tmp_path / "gateway.toml")
    assert {str(each.framing) for each in config.listeners} == {told} == {str(framing)}
    assert {str(each.framing) for each in config.links} == {told}
    (frame,) = config.listeners[0].framing.framer(65_535).receive(wire)
    for leg in config.setup.legs.values():
        assert leg.dialect.spec.name == name
        assert leg.dialect.spec.decode(frame.payload).items() == load_spec(name).decode(sample.raw).items()


@pytest.mark.parametrize(
    "kind", ["mti", "bitmap", "LLVAR or LLLVAR", "prefix", "what a length counts", "content", "fixed to variable"]
)
def test_a_spec_that_is_told_reads_the_bytes_by_its_file(
    iso_gateway: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    hidden = next(each for each in drawn(kind, 12) if each.base.profile and messages_of(each, 1))
    data = messages_of(hidden, 1)[0]
    wire = len(data).to_bytes(2) + data
    done = iso_gateway("doctor", wire.hex())
    assert done.exit_code == 0, done.output
    assert pasted(done.output, tmp_path) == ("mine.yaml", "2be")
    read = iso_gateway("decode", "--json", "--unsafe", "--spec", "./mine.yaml", data.hex())
    assert read.exit_code == 0, read.output
    assert msgspec.json.decode(read.output)["mti"] == hidden.spec.decode(data).mti
    spec = load(tmp_path / "gateway.toml").setup.listeners["theirs"].dialect.spec
    assert spec.encode(spec.decode(data)) == data


def test_the_json_has_the_same_to_paste(iso_gateway: Call, tmp_path: Path) -> None:
    spec = load_spec("iso87-ascii")
    data = spec.encode(spec.message("0800", {7: "1123040506", 11: 123, 70: "301"}))
    made = Framing.parse("2be+tpdu").frame(data)
    told = iso_gateway("doctor", made.hex()).output
    first = msgspec.json.decode(iso_gateway("doctor", "--json", made.hex()).output)["fits"][0]
    assert pasted(told, tmp_path) == (first["spec"], first["framing"])
    assert first["yaml"] == ""


@pytest.mark.parametrize("headers", ["tpdu", "tpdu+cup"])
def test_headers_without_their_length_are_told_with_a_framing_that_has_them(
    iso_gateway: Call, tmp_path: Path, headers: str
) -> None:
    sample = max(samples("cup-pos")[:12], key=lambda each: len(each.fields))
    wire = Framing.parse(f"2be+{headers}").frame(sample.raw)
    done = iso_gateway("doctor", wire[2:].hex())
    assert done.exit_code == 0, done.output
    assert pasted(done.output, tmp_path) == ("cup-pos", f"2be+{headers}")
    assert f"# the length before {headers} was left off here; 2be is the usual one" in done.output
    (frame,) = load(tmp_path / "gateway.toml").listeners[0].framing.framer(65_535).receive(wire)
    assert frame.payload == sample.raw


def test_a_header_that_no_framing_has_is_nothing_to_start_a_host_with(iso_gateway: Call, tmp_path: Path) -> None:
    sample = max(samples("iso87-ascii")[:12], key=lambda each: len(each.fields))
    wire = b"ISO016000055" + sample.raw
    done = iso_gateway("doctor", (len(wire).to_bytes(2) + wire).hex())
    assert done.exit_code == 0, done.output
    assert pasted(done.output, tmp_path) == ("iso87-ascii", "")
    assert "no framing of ours has that header of 12 bytes" in done.output
    assert "iso-gateway host" not in done.output


POSTPACK = """
base: iso87-ascii
name: postpack
bitmap: {encoding: binary}
fields:
  48: {prefix: binary}
"""
BEHIND = [{"encoding": "hex"}, None]
"""The bitmap of what comes: another one than the file has, or the same."""


@pytest.mark.parametrize("path", ["specs/postpack.yaml", "my specs/mine.yaml"])
@pytest.mark.parametrize("bitmap", BEHIND)
def test_a_spec_of_a_file_is_told_by_its_path(
    iso_gateway: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, bitmap: dict[str, str] | None
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(POSTPACK)
    base = load_spec(path)
    spec = load_spec({**base.source, "bitmap": bitmap or base.source["bitmap"]})
    data = spec.encode(spec.message("0200", {4: 1234, 7: "1123040506", 11: 123, 48: "PRIVATE", 49: "840", 70: "301"}))
    done = iso_gateway("doctor", "--spec", path, data.hex())
    assert done.exit_code == 0, done.output
    told = pasted(done.output, tmp_path)[0]
    written = Path(told)
    assert (path if bitmap is None else f"mine{'-edited' * path.endswith('mine.yaml')}.yaml") == told
    assert written.exists()
    read = iso_gateway("decode", "--json", "--unsafe", "--spec", told, data.hex())
    assert read.exit_code == 0, read.output
    assert msgspec.json.decode(read.output)["fields"]["48"] == "PRIVATE"
    assert load(tmp_path / "gateway.toml").setup.listeners["theirs"].dialect.spec.decode(data)[48] == "PRIVATE"
    first = msgspec.json.decode(iso_gateway("doctor", "--spec", path, "--json", data.hex()).output)["fits"][0]
    assert first["spec"] == path
    assert first["yaml"] == (written.read_text().rstrip() if bitmap else "")


def test_where_nothing_fits_a_spec_of_a_file_is_told_by_its_path(iso_gateway: Call, tmp_path: Path) -> None:
    path = tmp_path / "postpack.yaml"
    path.write_text(POSTPACK)
    spec = load_spec(path)
    data = spec.encode(spec.message("0200", {4: 1234, 7: "1123040506", 11: 123, 48: "PRIVATE", 49: "840"}))
    done = iso_gateway("doctor", "--spec", str(path), data[:-1].hex())
    assert f"with no frame and spec {path} all makes sense" in " ".join(done.output.split())


def test_a_message_with_one_wrong_length_is_told_first_and_there_is_nothing_to_paste(iso_gateway: Call) -> None:
    spec = load_spec("iso87-ascii")
    data = spec.encode(
        spec.message("0200", {2: "4761739001010010", 3: 0, 4: 1234, 7: "1123040506", 11: 123, 48: "AB", 49: "840"})
    ).replace(b"164761", b"154761")
    done = iso_gateway("doctor", data.hex())
    assert done.exit_code == 1
    told = "all makes sense, but the length of DE 2 says 15, though 16 would be right 0200"
    assert told in " ".join(done.output.split())
    assert "to use the first" not in done.output
    row = msgspec.json.decode(iso_gateway("doctor", "--json", data.hex()).output)
    assert (row["slip"]["path"], row["slip"]["spec"], row["cut"]) == ("2", "iso87-ascii", None)


def test_no_line_is_wider_than_80_columns_but_what_is_to_be_pasted(iso_gateway: Call) -> None:
    spec = load_spec("iso87-ascii")
    fields = {2: "4761739001010010", 3: 0, 4: 1234, 7: "1123040506", 11: 123, 41: "TERM0001", 49: "840"}
    whole = spec.encode(spec.message("0200", fields))
    slipped = whole.replace(b"16476173", b"17476173")
    packed = whole.replace(b"16476173", b"\x16476173")
    for data in (whole, whole[:-3], whole + b"\xde\xad", slipped, packed, b"\x00" * 9 + whole):
        page, _, _ = iso_gateway("doctor", data.hex()).stdout.partition("\nto use ")
        assert page
        assert [row for row in page.splitlines() if len(row) > WIDTH] == []
