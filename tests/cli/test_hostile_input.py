"""Anything at all is given to the commands that look at messages: they say what they understood, and never break."""

from __future__ import annotations

import base64
import codecs
import gzip
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iso_gateway import load_spec
from iso_gateway.cli import intake
from tests.cli.conftest import COMMAND, Call
from tests.support.fixture_files import all_samples

VERBS = ("decode", "explain", "doctor", "redact", "diff")
SPEC = load_spec("iso87-ascii")
SALE = SPEC.encode(SPEC.message("0200", {2: "4761739001010010", 3: 0, 4: 1234, 11: 123, 41: "TERM0001"}))
PCAP = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(40)


def others(verb: str) -> list[str]:
    return [SALE.hex()] if verb == "diff" else []


def called(iso_gateway: Call, verb: str, given: bytes) -> tuple[int, str]:
    """Return the exit code and the output of *verb*, which takes *given* from stdin."""
    done = iso_gateway(verb, "-", *others(verb), given=given)
    return done.exit_code, done.output


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Draw the hex of a true message in which something was cut, changed or put in."""
    at, to = sorted((draw(st.integers(0, len(SALE))), draw(st.integers(0, len(SALE)))))
    return (SALE[:at] + draw(st.binary(max_size=20)) + SALE[to:]).hex().encode()


ANYTHING = mutated() | st.binary(max_size=120) | st.text(max_size=60).map(str.encode)


@pytest.mark.parametrize("verb", VERBS)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=ANYTHING)
@example(content=b"")
@example(content=b"\x00" * 90)
@example(content=b"\xff" * 90)
def test_nothing_ends_in_a_traceback(iso_gateway: Call, verb: str, content: bytes) -> None:
    code, output = called(iso_gateway, verb, content)
    assert code in {0, 1}
    assert output
    assert "Traceback" not in output


def nested(depth: int) -> bytes:
    """Return templates one in the other."""
    inside = b""
    for _ in range(depth):
        inside = b"\xe1\x82" + len(inside).to_bytes(2) + inside
    return inside


@pytest.mark.parametrize("depth", [1, 7, 60])
def test_however_deep_a_chip_nests_its_templates_is_told(iso_gateway: Call, depth: int) -> None:
    for verb in VERBS:
        data = SPEC.encode(SPEC.message("0200", {3: 0, 55: nested(depth)}))
        done = iso_gateway(verb, data.hex(), *([data.hex()] if verb == "diff" else []))
        assert done.exit_code in {0, 1}
        assert done.output
        assert "Traceback" not in done.output


DRESSES: tuple[Callable[[bytes], bytes], ...] = (
    bytes,
    lambda raw: raw.hex(" ").encode(),
    base64.b64encode,
    lambda raw: raw.hex().encode()[:-1],
    lambda raw: f"2026-01-01 12:00:00 INFO [{raw.hex()}] ok\n".encode(),
    lambda raw: ("\u202e" + raw.hex()).encode("utf-16"),
    lambda raw: "".join(f"\\x{each:02x}" for each in raw).encode(),
)


def test_a_sample_of_broken_messages_of_every_spec_in_many_dresses(iso_gateway: Call, tmp_path: Path) -> None:
    for count, sample in enumerate(list(all_samples())[::4]):
        raw = bytearray(sample.raw)
        for turn in range(count % 3):
            raw[(37 * count + 101 * turn) % len(raw)] ^= 1 << (count + turn) % 8
        del raw[len(raw) - count % 5 :]
        (tmp_path / "given").write_bytes(DRESSES[count % len(DRESSES)](bytes(raw)))
        options = ["--json"] if count % 2 else []
        verb = ("explain", "decode", "redact")[count % 3]
        done = iso_gateway(verb, "--spec", sample.spec, *([] if verb == "redact" else options), str(tmp_path / "given"))
        assert done.exit_code in {0, 1}, (sample, verb)
        assert done.output
        assert "Traceback" not in done.output


@pytest.mark.parametrize("verb", ["decode", "explain", "doctor"])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=40))
@example(text="/")
@example(text="\0")
@example(text="x" * 5000)
def test_any_argument_is_taken_and_only_what_names_a_file_is_wrong_usage(
    iso_gateway: Call, verb: str, text: str
) -> None:
    done = iso_gateway(verb, "--", text)
    named = "no such file" in done.output or "a folder" in done.output
    assert done.exit_code in ({2} if named else {0, 1})
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no hex: empty"),
        (b" \n\t\n", "no hex: empty"),
        (b"xyz", "no hex: line 1, column 1: no hexadecimal digit"),
        (b"303230303030zz31", "12 hexadecimal digits, then 'zz' at line 1, column 13: no hexadecimal digit"),
        (b"3032\n3030 3?", "9 hexadecimal digits, then '?' at line 2, column 7"),
        (b"303", "an odd number of hexadecimal digits, 3"),
        (b"0000  30 32\n0002  30 30\n[WARN] lost\n", "line 3: no line of the dump above it"),
        (b"0000  30 32\n0010  30 30\n", "line 2: offset 0010, 0002 expected; is a line missing?"),
        (b"0000  30 30\n*\nffffffffffffff00\n", "line 2: '*' stands for lines that the offsets do not tell"),
        (b"b''" + b"+b''" * 9000, "no hexadecimal digit"),
        (b"b'" + b"\\x0" * 9000 + b"'", "no bytes literal of Python"),
        (PCAP, "a capture of traffic: 'iso-gateway pcap' reads it"),
        (PCAP.hex().encode(), "a capture of traffic: 'iso-gateway pcap' reads it"),
        (PNG, "a PNG image, and no message"),
        (gzip.compress(SALE), "gzip, compressed: unpack it first (gunzip -c)"),
        (b'{"mti": "0200", "fields": {}}', "JSON: 'iso-gateway encode' writes such a message as hex"),
        (b"<isomsg/>", "XML, and no message"),
        ("naïve".encode(), "MTI at byte 0: not four digits"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_no_message_is_a_finding_and_is_told_with_its_place(
    iso_gateway: Call, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "given").write_bytes(content)
    done = iso_gateway("decode", str(tmp_path / "given"))
    assert done.exit_code == 1
    assert said in done.output


def test_what_stands_before_the_first_wrong_character_is_explained(iso_gateway: Call) -> None:
    done = iso_gateway("explain", SALE.hex()[:-16] + "zz")
    assert done.exit_code == 1
    assert "system_trace_audit_number         000123" in done.stdout
    assert "DE 41 at byte 62: 0 bytes left, 8 needed" in done.stdout
    assert done.stderr.startswith("iso-gateway: no hex: 124 hexadecimal digits, then 'zz' at line 1, column 125")


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE], ids=["little", "big"])
def test_utf_16_is_read_as_shells_of_windows_write_it(iso_gateway: Call, tmp_path: Path, mark: bytes) -> None:
    name = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    (tmp_path / "given").write_bytes(mark + f"{SALE.hex()}\r\n".encode(name))
    assert iso_gateway("decode", str(tmp_path / "given")).exit_code == 0


@pytest.mark.parametrize("verb", VERBS)
def test_a_missing_file_and_a_folder_are_wrong_usage(iso_gateway: Call, tmp_path: Path, verb: str) -> None:
    for name in ("gone.hex", str(tmp_path)):
        done = iso_gateway(verb, name, *others(verb))
        assert done.exit_code == 2
        assert name in done.output


def test_the_help_says_what_is_read_and_what_it_costs(iso_gateway: Call) -> None:
    said = " ".join(iso_gateway("decode", "--help").output.split())
    for each in ("512 KiB", "65,535 bytes", "64 MiB", "10 MB of hex"):
        assert each in said


# Ten megabytes


@pytest.mark.parametrize(
    "content",
    [SALE.hex().encode() + b"30" * 5_000_000, SALE + b"0" * 10_000_000],
    ids=["hex", "bytes"],
)
@pytest.mark.parametrize("verb", ["decode", "explain"])
def test_of_ten_megabytes_the_message_at_the_start_is_read(iso_gateway: Call, verb: str, content: bytes) -> None:
    code, output = called(iso_gateway, verb, content)
    assert code == 1
    assert "476173******0010" in output
    assert f"stdin: {len(content):,} bytes, of which the first 65,535 of a message are looked at" in output
    assert "message at byte 70: 65465 bytes after the last field" in output


def test_a_dump_of_ten_megabytes_is_cut_between_lines(iso_gateway: Call) -> None:
    data = SALE + bytes(100_000)
    text = "\n".join(f"{at:08x}  {data[at : at + 16].hex(' ')}" for at in range(0, len(data), 16))
    code, output = called(iso_gateway, "decode", text.encode())
    assert code == 1
    assert "message at byte 70" in output


def test_redact_and_diff_refuse_what_they_do_not_read_whole(iso_gateway: Call) -> None:
    for verb in ("redact", "diff"):
        code, output = called(iso_gateway, verb, b"30" * 5_000_000)
        assert (code, "more than 4 MiB" in output) == (1, True)


def test_doctor_says_that_it_looks_at_the_start_only(iso_gateway: Call) -> None:
    code, output = called(iso_gateway, "doctor", b"30" * 5_000_000)
    assert code == 1
    assert "stdin: 10,000,000 bytes, of which only the start is looked at" in output


@pytest.mark.parametrize(
    "text",
    [
        "00000000 " + "30  " * 200_000,
        "0" * 1_000_000,
        "3 " * 500_000 + "z",
        "_" * 500_000 + "[",
        "0x" * 500_000,
        "b'" + "\\" * 500_001,
        "ab\n" * 300_000,
        "0000 30\n" * 100_000,
    ],
    ids=lambda text: text[:9],
)
def test_no_text_takes_long(iso_gateway: Call, text: str) -> None:
    # Had any of these taken time that grows with the square of its length, the test would not end.
    assert called(iso_gateway, "decode", text.encode())[0] == 1


# What only a process of its own can be given


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, timeout=30, check=False, env=os.environ | more)


def test_a_device_that_never_ends_is_read_to_a_bound() -> None:
    done = run("explain", "/dev/zero")
    assert done.returncode == 1
    assert b"/dev/zero: more than 64 MiB, of which the first 65,535 of a message are looked at" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(
        [*COMMAND, "decode", str(tmp_path / "pipe")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as reader:
        (tmp_path / "pipe").write_text(SALE.hex())
        said, _ = reader.communicate(timeout=30)
    assert reader.returncode == 0
    assert b"TERM0001" in said


def test_what_the_locale_cannot_say_is_said_otherwise() -> None:
    done = run("explain", SALE.hex(), os.fsdecode(b"\xff"), LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 1
    assert done.stdout.decode("ascii").startswith("0200 sale | 1234 minor units")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-"])
def test_a_closed_stream_is_no_traceback(closed: str) -> None:
    line = f'"$@" explain {"-" if closed == "<&-" else "3032zz"} {closed}'
    done = subprocess.run(["sh", "-c", line, "sh", *COMMAND], capture_output=True, timeout=30, check=False)
    assert done.returncode == (2 if closed == "<&-" else 1)
    assert b"Traceback" not in done.stderr + done.stdout


def test_the_bounds_leave_room_for_the_longest_message_as_a_dump() -> None:
    rows = -(-intake.LONGEST // 16)
    assert rows * len("00000000  " + "30 " * 16 + "  |0123456789abcdef|\n") <= intake.HEAD
