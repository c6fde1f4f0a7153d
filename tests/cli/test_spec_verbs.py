"""The verbs about specs, and ``redact``, as people call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iso_gateway import load_spec
from iso_gateway.page import WIDTH
from tests.cli.conftest import Call
from tests.support.shipped import SHIPPED_SPECS

SPEC = load_spec("iso87-ascii")
PAN = "4111111111111111"
PACKAGER = """<?xml version="1.0"?>
<isopackager>
<isofield id="0" length="4" name="MTI" class="org.jpos.iso.IFB_NUMERIC"/>
<isofield id="1" length="16" name="BIT MAP" class="org.jpos.iso.IFB_BITMAP"/>
<isofield id="2" length="19" name="PAN - PRIMARY ACCOUNT NUMBER" class="org.jpos.iso.IFB_LLNUM"/>
<isofield id="3" length="6" name="PROCESSING CODE" class="org.jpos.iso.IFB_NUMERIC"/>
<isofield id="4" length="12" name="AMOUNT" class="com.example.Ours"/>
</isopackager>
"""


def test_show(iso_gateway: Call) -> None:
    done = iso_gateway("spec", "show", "iso87-binary", "2", "55")
    assert "n..19 in BCD, LLVAR in BCD of digits, masked: pan" in done.output
    assert "has parts" in done.output
    assert iso_gateway("spec", "show", "iso87-binary", "65").exit_code == 2


def test_check(iso_gateway: Call, tmp_path: Path) -> None:
    assert iso_gateway("spec", "check", "iso87-ascii").output == "iso87-ascii: nothing is wrong\n"
    path = tmp_path / "mine.yaml"
    path.write_text("base: iso87-ascii\nname: mine\nfields:\n  52: {mask: none}\n  48: {format: any}\n")
    done = iso_gateway("spec", "check", str(path))
    assert done.exit_code == 1
    assert f"{path}:4: fields.52.mask: it is secret" in done.output
    assert "[secret-shown]" in done.output
    assert "[unchecked]" in done.output
    row = json.loads(iso_gateway("spec", "check", str(path), "--json").output)["findings"][0]
    assert (row["file"], row["line"]) == (str(path), 5)
    path.write_text("base: iso87-ascii\nname: mine\nfields:\n  48: {length: LLVAR}\n  41: {encoding: bcd}\n")
    done = iso_gateway("spec", "check", str(path))
    assert done.exit_code == 2
    assert f"{path}:5: fields.41.encoding: no encoding for format ans" in done.output
    assert "[prefix-too-narrow]" in done.output
    assert "[text-in-bcd]" in done.output
    rows = json.loads(iso_gateway("spec", "check", str(path), "--json").output)["findings"]
    assert {row["level"] for row in rows} == {"error"}


def test_the_rules_are_listed(iso_gateway: Call) -> None:
    assert "prefix-too-narrow        error" in iso_gateway("spec", "check", "--rules").output
    assert json.loads(iso_gateway("spec", "check", "--rules", "--json").output)["rules"][0]["id"] == "prefix-too-narrow"
    assert iso_gateway("spec", "check").exit_code == 2


def test_diff(iso_gateway: Call) -> None:
    assert iso_gateway("spec", "diff", "iso87-ascii", "iso87-ascii").output == "on the wire they are alike\n"
    done = iso_gateway("spec", "diff", "iso87-ascii", "iso87-binary")
    assert done.exit_code == 1
    assert "DE 4: n 12 in ASCII | n 12 in BCD  [wire]\n" in done.output
    assert all(len(line) <= 80 for line in done.output.splitlines())
    rows = json.loads(iso_gateway("spec", "diff", "iso87-ascii", "iso87-binary", "--json").output)["differences"]
    assert {"path": "4", "what": "wire", "left": "n 12 in ASCII", "right": "n 12 in BCD"} in rows


def test_import_and_use(iso_gateway: Call, tmp_path: Path) -> None:
    theirs, ours = tmp_path / "Our_Packager.xml", tmp_path / "ours.yaml"
    theirs.write_text(PACKAGER)
    done = iso_gateway("spec", "import", str(theirs), "-o", str(ours))
    assert done.exit_code == 1
    assert f"{theirs}:7: 4: left out: Ours: a class of one's own" in done.output
    assert f"{ours}: 2 data elements, 1 left out; " in done.output
    spec = load_spec(ours)
    assert spec.name == "our-packager"
    assert spec.encode(spec.message("0200", {2: "12345"})).hex() == "0200" + "4000000000000000" + "05123450"
    assert iso_gateway("spec", "import", str(theirs), "-o", str(ours)).exit_code == 2


def test_what_an_import_came_to_is_data_too(iso_gateway: Call, tmp_path: Path) -> None:
    theirs = tmp_path / "ours.xml"
    theirs.write_text(PACKAGER)
    assert iso_gateway("spec", "import", str(theirs), "--json").exit_code == 2
    done = iso_gateway("spec", "import", str(theirs), "--json", "-o", str(tmp_path / "ours.yaml"))
    assert (done.exit_code, done.stderr) == (1, "")
    told = json.loads(done.stdout)
    assert (told["file"], told["spec"], told["elements"], told["otherwise"]) == (str(theirs), "ours", 2, [])
    assert [(each["path"], each["line"]) for each in told["lost"]] == [("4", 7)]
    assert load_spec(tmp_path / "ours.yaml").name == "ours"


def test_import_from_stdin(iso_gateway: Call) -> None:
    done = iso_gateway("spec", "import", "-", given=PACKAGER.encode())
    assert done.exit_code == 1
    assert done.stdout.startswith("name: imported\n")
    assert "-:7: 4: left out: Ours" in done.stderr
    assert iso_gateway("spec", "import", "-", given=b"<isopackager").exit_code == 2


def test_what_is_only_called_otherwise_is_told_and_no_failure(iso_gateway: Call, tmp_path: Path) -> None:
    theirs = tmp_path / "whole.xml"
    text = PACKAGER.replace('id="3"', 'id="65"').replace("com.example.Ours", "org.jpos.iso.IFB_NUMERIC")
    theirs.write_text(text)
    assert iso_gateway("spec", "import", str(theirs)).exit_code == 1, "digits in bit 65 are an element of theirs"
    theirs.write_text(text.replace('IFB_NUMERIC"/>\n<isofield id="4"', 'IFB_BINARY"/>\n<isofield id="4"'))
    done = iso_gateway("spec", "import", str(theirs))
    assert done.exit_code == 0
    assert f"{theirs}:6: 65: left out: bit 65 announces a third bitmap" in done.stderr


MOOV = """\
name: Theirs
fields:
    "0": {type: String, length: 4, enc: ASCII, prefix: ASCII.Fixed}
    "1": {type: Bitmap, length: 8, enc: HexToASCII, prefix: Hex.Fixed}
    "4":
        type: Numeric
        length: 12
        enc: ASCII
        prefix: ASCII.Fixed
        padding: {type: Left, pad: "0"}
    "52": {type: String, length: 8, enc: HexToASCII, prefix: Hex.Fixed}
    "64": {type: String, length: 8, enc: HexToASCII, prefix: Hex.Fixed}
"""


def test_yaml_of_moov_is_imported(iso_gateway: Call, tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs.yaml", tmp_path / "ours.yaml"
    theirs.write_text(MOOV)
    done = iso_gateway("spec", "import", str(theirs), "-o", str(ours))
    assert done.exit_code == 0
    assert done.stderr == f"{theirs}:11: DE 52, 64: text there, bytes here\n"
    back = load_spec(ours)
    assert back.decode(b"08001000000000000000000000001234")[4] == "000000001234"
    again = iso_gateway("spec", "import", str(ours))
    assert again.exit_code == 2
    assert "mti: there is nothing to import: this is a spec of ours" in again.stderr


def test_what_is_the_same_of_many_elements_is_one_line_and_each_in_json(iso_gateway: Call) -> None:
    done = iso_gateway("spec", "export", "iso2003", "--to", "moov")
    assert done.exit_code == 1
    (line,) = [each for each in done.stderr.splitlines() if "its parts are not written" in each]
    assert line.startswith("iso2003: DE 4-6, 8, 12, 21, 22, ")


def test_a_spec_is_judged_in_few_lines_and_in_full_as_json(iso_gateway: Call, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    rows = ", ".join(f"{number}: {{format: any}}" for number in (46, 47, 48, 60, 61))
    path.write_text(f"base: iso87-ascii\nname: mine\nfields: {{{rows}}}\n")
    done = iso_gateway("spec", "check", str(path))
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{path}:3: DE 46-48, 60, 61: format: format any")
    assert line.endswith("  [unchecked]")
    told = json.loads(iso_gateway("spec", "check", str(path), "--json").stdout)["findings"]
    assert [each["path"] for each in told] == [f"fields.{number}.format" for number in (46, 47, 48, 60, 61)]


@pytest.mark.parametrize("kind", ["pyiso8583", "moov"])
def test_what_is_exported_is_imported_again(iso_gateway: Call, tmp_path: Path, kind: str) -> None:
    done = iso_gateway("spec", "export", "iso87-ascii", "--to", kind)
    path = tmp_path / "theirs.json"
    path.write_text(done.stdout)
    made = iso_gateway("spec", "import", str(path), "-o", str(tmp_path / "back.yaml"))
    assert made.exit_code == 0
    back = load_spec(tmp_path / "back.yaml")
    payload = SPEC.encode(SPEC.message("0200", {2: PAN, 4: 1234, 41: "TERM0001"}))
    assert back.decode(payload)[41] == "TERM0001"


def test_a_dict_of_python_is_imported(iso_gateway: Call, tmp_path: Path) -> None:
    path = tmp_path / "spec.py"
    path.write_text("spec = " + repr(SPEC.to_pyiso8583()))
    assert iso_gateway("spec", "import", str(path)).exit_code == 0


@pytest.mark.parametrize("text", ["", "{", "import os", "<isopackager", '{"fields": 1}', "{1: __import__('os')}"])
def test_what_is_no_spec_is_refused_by_name(iso_gateway: Call, tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    done = iso_gateway("spec", "import", str(path))
    assert done.exit_code == 2
    assert str(path) in done.output


def test_vectors_and_stubs(iso_gateway: Call) -> None:
    lines = iso_gateway("spec", "vectors", "iso87-ascii").output
    made = json.loads(iso_gateway("spec", "vectors", "iso87-ascii", "--json").output)
    assert json.loads(lines) == made
    assert set(made) == {"format", "spec", "valid", "invalid", "flawed"}
    assert "\n" + json.dumps(made["invalid"][0], separators=(",", ":")) + ",\n" in lines
    assert "class Iso87Ascii:" in iso_gateway("spec", "stubs", "iso87-ascii").output


def test_stubs_load_a_spec_of_ones_own_by_its_path_as_it_was_given(
    iso_gateway: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours.yaml").write_text("base: iso87-ascii\nname: postpack\n")
    monkeypatch.chdir(tmp_path)
    for given in ("ours.yaml", "./ours.yaml", str(tmp_path / "ours.yaml")):
        module: dict[str, object] = {"__name__": "ours"}
        source = iso_gateway("spec", "stubs", given).output
        assert f'SPEC = load_spec("{given}")' in source
        exec(compile(source, "ours.py", "exec"), module)
        assert "Postpack" in module


def test_redact_keeps_cards_apart_and_together(iso_gateway: Call) -> None:
    track = f"{PAN}=29122010000"
    messages = [
        SPEC.encode(SPEC.message("0200", {2: PAN, 4: 1234, 35: track, 52: b"\x01" * 8})),
        SPEC.encode(SPEC.message("0210", {2: PAN, 39: "00"})),
        SPEC.encode(SPEC.message("0200", {2: "4012888888881881", 4: 1})),
    ]
    done = iso_gateway("redact", *(each.hex() for each in messages))
    assert done.exit_code == 0
    redacted = [bytes.fromhex(line) for line in done.stdout.split()]
    assert done.stderr.endswith("3 messages, 2 cards; replaced: 2 (3 times), 35, 52\n")
    assert [len(each) for each in redacted] == [len(each) for each in messages]
    first, answer, other = (SPEC.decode(each) for each in redacted)
    assert first[2] == answer[2] != other[2]
    assert first.text(35).startswith(first.text(2))
    assert first[52] == bytes(8)
    assert PAN not in str(redacted)


def test_redact_of_frames_keeps_their_headers(iso_gateway: Call) -> None:
    payload = SPEC.encode(SPEC.message("0200", {2: PAN}))
    framed = len(payload).to_bytes(2) + payload
    done = iso_gateway("redact", "--frames", (framed * 2).hex())
    assert [line[:4] for line in done.stdout.split()] == [framed.hex()[:4].upper()] * 2


def test_redact_of_frames_tells_of_one_that_was_cut_short(iso_gateway: Call) -> None:
    payload = SPEC.encode(SPEC.message("0200", {2: PAN}))
    framed = len(payload).to_bytes(2) + payload
    done = iso_gateway("redact", "--frames", (framed * 2)[:-3].hex())
    assert done.exit_code == 1
    assert len(done.stdout.split()) == 1
    assert f"after 1 frame: {len(framed) - 3} bytes of one cut short; they are left out" in done.stderr


@pytest.mark.parametrize("dress", ["file", "stdin"])
def test_redact_takes_one_message_a_line(iso_gateway: Call, tmp_path: Path, dress: str) -> None:
    messages = [SPEC.encode(SPEC.message("0200", {2: PAN, 11: stan})) for stan in (1, 2)]
    text = "".join(f"> {each.hex(' ')}\n" for each in [*messages, messages[0][:-4]])
    (tmp_path / "trace.txt").write_text(text)
    done = iso_gateway("redact", str(tmp_path / "trace.txt") if dress == "file" else "-", given=text.encode())
    assert done.exit_code == 1, "the last is cut short"
    assert [SPEC.decode(bytes.fromhex(line))[11] for line in done.stdout.split()] == ["000001", "000002"]
    assert "message 3: " in done.stderr
    assert PAN not in done.output


def test_redact_leaves_out_what_it_cannot_read(iso_gateway: Call) -> None:
    good = SPEC.encode(SPEC.message("0200", {2: PAN})).hex()
    done = iso_gateway("redact", good, good[:-4])
    assert done.exit_code == 1
    assert "message 2: DE 2 at byte 22" in done.output
    assert len(done.stdout.split()) == 1


@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_show_names_every_element_whole_in_80_columns(iso_gateway: Call, name: str) -> None:
    spec = load_spec(name)
    rows = iso_gateway("spec", "show", name).stdout.splitlines()
    assert [row for row in rows if len(row) > WIDTH] == []
    words = " ".join(rows).split()
    assert {field.name for field in spec.fields.values()} - set(words) == set()
