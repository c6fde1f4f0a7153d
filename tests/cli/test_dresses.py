"""Hex in any dress, as the real tools print it and as people paste it: every command reads the same message.

A tool that is not installed is skipped, with its reason; `.ci/run` installs all of them.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote_from_bytes

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.catalog import load_spec
from iso_gateway.cli.dresses import read_hex
from iso_gateway.cli.intake import NotHex
from tests.cli.conftest import Call
from tests.support.captures import CLIENT, SERVER, ip

SPEC = load_spec("iso87-ascii")
MESSAGE = SPEC.encode(SPEC.message("0800", {7: "1123100001", 11: "000123", 41: "TERM0001", 70: "301"}))
FRAME = len(MESSAGE).to_bytes(2) + MESSAGE
JPOS_FIELDS = """<log realm="channel/10.0.0.5:40122" at="2026-11-23T10:00:01.123">
  <send>
    <isomsg direction="outgoing">
      <!-- org.jpos.iso.packager.ISO87APackager -->
      <header>6000010000</header>
      <field id="0" value="0800"/>
      <field id="7" value="1123100001"/>
      <field id="11" value="000123"/>
      <field id="41" value="TERM0001"/>
      <field id="70" value="301"/>
    </isomsg>
  </send>
</log>
"""


def tool(name: str, *arguments: str) -> str:
    """Return what a tool prints."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    done = subprocess.run([name, *arguments], capture_output=True, check=True, timeout=60)
    return done.stdout.decode()


def of_file(name: str, *arguments: str) -> Callable[[Path], str]:
    """Return a dress: what a tool prints of a file with the message."""

    def dress(folder: Path) -> str:
        path = folder / "message.bin"
        path.write_bytes(MESSAGE)
        return tool(name, *arguments, str(path))

    return dress


def of_capture(name: str, *arguments: str, link_type: int = 1) -> Callable[[Path], str]:
    """Return a dress: what a tool prints of a capture with a handshake and one message in a frame."""

    def dress(folder: Path) -> str:
        path = folder / "talk.pcap"
        path.write_bytes(talk(link_type))
        return tool(name, *arguments, "-r", str(path))

    return dress


def talk(link_type: int) -> bytes:
    """Return a capture: SYN, the message, and an acknowledgement without data, filled up as Ethernet does."""
    before = {1: bytes.fromhex("00005e00530200005e0053010800"), 101: b"", 113: bytes(14) + b"\x08\x00"}[link_type]
    out = [bytes.fromhex("d4c3b2a1020004000000000000000000ffff0000") + link_type.to_bytes(4, "little")]
    for second, (up, flags, payload) in enumerate([(True, 2, b""), (True, 0x18, FRAME), (False, 16, b"")]):
        ends = (CLIENT, SERVER) if up else (SERVER, CLIENT)
        tcp = bytes.fromhex("0000000100000001") + bytes([0x50, flags]) + bytes.fromhex("ffff00000000") + payload
        packet = before + ip(*ends, tcp)
        packet = packet.ljust(60, b"\0") if link_type == 1 else packet
        sizes = len(packet).to_bytes(4, "little") * 2
        out.append(second.to_bytes(4, "little") + bytes(4) + sizes + packet)
    return b"".join(out)


def packet() -> bytes:
    """Return the packet of `talk` with the message."""
    capture = talk(1)
    return capture[24 + 16 + 60 + 16 : -(16 + 60)]


def hexdump_of_jpos(data: bytes) -> str:
    """Return what ISOUtil.hexdump of jPOS prints."""
    rows = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        digits = "".join(f"{each:02X} " + (" " if place == 7 else "") for place, each in enumerate(row))
        rows.append(f"{at:04x}  {digits:<49} {''.join(chr(each) if 32 <= each < 127 else '.' for each in row)}\n")
    return "".join(rows)


def joined(form: str, between: str = "", data: bytes = MESSAGE) -> str:
    """Return each byte in the *form* of a format string."""
    return between.join(form.format(each) for each in data)


def wrapped(text: str, width: int, before: str = "") -> str:
    """Return *text* in lines of *width*, each with something *before* it."""
    return "\n".join(before + text[at : at + width] for at in range(0, len(text), width))


def c_array(data: bytes) -> str:
    """Return what Wireshark copies "...as a C Array"."""
    rows = [
        ", ".join(f"0x{each:02x}" for each in data[at : at + 8])
        + (", " if at + 8 < len(data) else "  ")
        + f"/* {''.join(chr(each) if 32 <= each < 127 else '.' for each in data[at : at + 8])} */"
        for at in range(0, len(data), 8)
    ]
    body = "\n".join(rows)
    return f"/* Frame ({len(data)} bytes) */\nstatic const unsigned char pkt2[{len(data)}] = {{\n{body}\n}};\n"


SIGNED = [each - 256 if each > 127 else each for each in MESSAGE]
TOOLS: dict[str, Callable[[Path], str]] = {
    "hexdump -C": of_file("hexdump", "-C"),
    "hexdump": of_file("hexdump"),
    "hexdump -v -e 1/1": of_file("hexdump", "-v", "-e", '1/1 "%02x "'),
    "xxd": of_file("xxd"),
    "xxd -u -g1": of_file("xxd", "-u", "-g1"),
    "xxd -p": of_file("xxd", "-p"),
    "xxd -i": of_file("xxd", "-i"),
    "od -A x -t x1z": of_file("od", "-A", "x", "-t", "x1z", "-v"),
    "od -t x1": of_file("od", "-t", "x1"),
    "od -A n -t x1": of_file("od", "-A", "n", "-t", "x1"),
    "od -x": of_file("od", "-x"),
    "base64": of_file("base64"),
    "base64 -w 20": of_file("base64", "-w", "20"),
    "tcpdump -XX": of_capture("tcpdump", "-XX", "-n", "-t"),
    "tcpdump -X": of_capture("tcpdump", "-X", "-n"),
    "tcpdump -x": of_capture("tcpdump", "-x", "-n", "-tttt"),
    "tcpdump -xx": of_capture("tcpdump", "-xx", "-n", "-tt"),
    "tcpdump -XX of any": of_capture("tcpdump", "-XX", "-n", "-v", link_type=113),
    "tcpdump -XX of IP alone": of_capture("tcpdump", "-XX", "-n", link_type=101),
    "tshark -x": of_capture("tshark", "-n", "-x"),
}
"""What tools print."""
PASTED: dict[str, str] = {
    "digits": MESSAGE.hex(),
    "capitals": MESSAGE.hex().upper(),
    "spaces": MESSAGE.hex(" "),
    "colons": MESSAGE.hex(":"),
    "dashes": MESSAGE.hex("-").upper(),
    "0x before all": "0x" + MESSAGE.hex(),
    "0x before each": joined("0x{:02X}", " "),
    "in quotes": f'"{MESSAGE.hex().upper()}"',
    "the message itself": MESSAGE.decode(),
    "base64 for URLs": base64.urlsafe_b64encode(MESSAGE).decode().rstrip("="),
    "Wireshark, hex dump": "\n".join(
        f"{at:04x}   {packet()[at : at + 16].hex(' ')}" for at in range(0, len(packet()), 16)
    ),
    "Wireshark, hex stream": packet().hex(),
    "Wireshark, escaped string": wrapped(joined("\\x{:02x}"), 64).replace("\n", '" \\\n"').join('""'),
    "Wireshark, C array": c_array(packet()),
    "jPOS, hexdump": f"<exception>\n--- data ---\n{hexdump_of_jpos(MESSAGE)}</exception>\n",
    "jPOS, elements": JPOS_FIELDS,
    "Java": "new byte[] { " + joined("(byte) 0x{:02X}", ", ") + " };",
    "Java, signed": f"byte[] raw = {{{', '.join(map(str, SIGNED))}}};",
    "Go": "[]byte{" + joined("0x{:x}", ", ") + "}",
    "Go, decimal": "raw := []byte{" + joined("{}", ", ") + "}",
    "Python, repr": repr(MESSAGE),
    "Python, list": f"bytes({list(MESSAGE)})",
    "Python, bytearray": repr(bytearray(MESSAGE)),
    "Rust": "let raw: [u8; 52] = [" + joined("0x{:02x}", ", ") + "];",
    "Node.js": f"<Buffer {MESSAGE.hex(' ')}>",
    "C#": joined("{:02X}", "-"),
    "SQL": f"X'{MESSAGE.hex()}'",
    "PostgreSQL": f"\\x{MESSAGE.hex()}",
    "escapes": joined("\\x{:02X}"),
    "URL": joined("%{:02X}"),
    "URL, as Postman has it": quote_from_bytes(MESSAGE[:20]) + joined("%{:02x}", data=MESSAGE[20:]),
    "log, digits": f"2026-11-23 10:00:01 DEBUG recv: {MESSAGE.hex()}\n",
    "log, pairs": f"2026-11-23T10:00:01.123Z INFO  [pool-1-thread-7] c.a.iso.Channel - << {MESSAGE.hex(' ')}\n",
    "log, syslog": f"Dec  3 10:00:01 acq-1 switch[314]: sent {MESSAGE.hex()}\n",
    "log, JSON": f'{{"time": "2026-11-23T10:00:01Z", "raw": "{MESSAGE.hex()}", "peer": "10.0.0.5:40122"}}\n',
    "log, key=value": f"time=10:00:01 level=debug bytes={len(MESSAGE)} hex={MESSAGE.hex()} way=in\n",
    "log, dump": "".join(
        f"10:00:01,123 [main] DEBUG acquirer.Channel - {row}\n" for row in hexdump_of_jpos(MESSAGE).splitlines()
    ),
    "log, text": f"2026-11-23 10:00:01.123 INFO  [main] sent: {MESSAGE.decode()}\n",
    "log, text and words": f"sent [{MESSAGE.decode()}] in 3 ms\n",
    "text in quotes": f'"{MESSAGE.decode()}",\n',
    "line numbers": "\n".join(
        f"{number:3}: {line}" for number, line in enumerate(wrapped(MESSAGE.hex(" "), 48).splitlines(), 7)
    ),
    "Windows": wrapped(MESSAGE.hex(" "), 48).replace("\n", "\r\n") + "\r\n",
}
"""What people paste, from the clipboard of a program or a log."""

DRESSES: dict[str, Callable[[Path], str]] = TOOLS | {
    name: lambda _folder, text=text: text for name, text in PASTED.items()
}


@pytest.mark.parametrize("name", DRESSES)
def test_every_command_reads_every_dress(iso_gateway: Call, tmp_path: Path, name: str) -> None:
    text = DRESSES[name](tmp_path)
    plain = MESSAGE.hex()
    assert iso_gateway("decode", "-", "--json", given=text).stdout == iso_gateway("decode", plain, "--json").stdout
    assert iso_gateway("explain", "-", "--json", given=text).stdout == iso_gateway("explain", plain, "--json").stdout
    assert iso_gateway("redact", "-", given=text).stdout == iso_gateway("redact", plain).stdout
    same = iso_gateway("diff", plain, plain).stdout
    assert iso_gateway("diff", "-", plain, given=text).stdout == same
    file = tmp_path / "pasted.txt"
    file.write_text(text)
    assert iso_gateway("diff", plain, str(file)).stdout == same
    assert iso_gateway("diff", str(file), str(file)).stdout == same
    assert iso_gateway("decode", str(file), "--json").stdout == iso_gateway("decode", plain, "--json").stdout


@pytest.mark.parametrize("name", [name for name in DRESSES if name != "jPOS, elements"])
def test_doctor_reads_them_too(iso_gateway: Call, tmp_path: Path, name: str) -> None:
    done = iso_gateway("doctor", "-", "--json", given=DRESSES[name](tmp_path))
    best = msgspec.json.decode(done.stdout)["fits"][0]
    assert best["spec"] == "iso87-ascii"
    packet = name.startswith(("tcpdump", "tshark", "Wireshark")) and name != "Wireshark, escaped string"
    assert best["framing"] == ("2be" if packet else "")
    assert best["header"] == 0


@pytest.mark.parametrize("name", ["tcpdump -XX", "Wireshark, C array"])
def test_what_is_taken_off_is_told(iso_gateway: Call, tmp_path: Path, name: str) -> None:
    done = iso_gateway("explain", "-", given=DRESSES[name](tmp_path))
    assert "54 bytes of packet headers taken off, and the frame (2be)" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[48, 56, 48, 48, 56, 50]", "6 numbers that may be decimal or hexadecimal"),
        ("bytes([48, 56, 300])", "no byte"),
        ("<Buffer 30 38 30 30 ... 48 more bytes>", "printed in part only"),
        (
            f"sent {MESSAGE.hex()}\nreceived {MESSAGE.hex()}\n",
            "2 runs of hexadecimal digits among other text, in lines 1, 2",
        ),
        ("0000  30 38\n0002  30 30\n\n0000  30 38\n", "2 dumps, each of other bytes: give the one meant"),
        ("0000  30 38\n0002  3G 30\n", "line 2: what follows the bytes is neither a byte nor a text column"),
        ("0000  30 38\n0002  30 3G 30\n", "line 2: what follows the bytes is neither a byte nor a text column"),
        ("recv: 30 38 30 30 30 38 30 30 30 38 30 3G 30", "no hexadecimal digit"),
        ("3G 30 38 30 30 30 38 30 30 30 38 30 30", "no hexadecimal digit"),
        (JPOS_FIELDS * 2, "2 messages of a jPOS log: give one"),
        (JPOS_FIELDS[:-20].replace("</isomsg>", ""), "the <isomsg> breaks off"),
        (JPOS_FIELDS.replace("000123", "TWELVE"), "this message of a jPOS log is none of iso87-ascii"),
    ],
)
def test_what_may_be_meant_in_two_ways_or_is_broken_is_said_and_not_guessed(
    iso_gateway: Call, text: str, said: str
) -> None:
    done = iso_gateway("decode", "-", given=text)
    assert done.exit_code == 1
    assert said in done.output


def test_a_masked_log_tells_what_is_left(iso_gateway: Call) -> None:
    masked = JPOS_FIELDS.replace("TERM0001", "TERM____").replace(
        '<field id="11"', '<field id="2" value="476173______0010"/><field id="11"'
    )
    rest = SPEC.encode(SPEC.message("0800", {7: "1123100001", 11: "000123", 70: "301"}))
    done = iso_gateway("decode", "-", given=masked)
    assert done.exit_code == 1
    assert done.stdout == iso_gateway("decode", rest.hex()).stdout
    assert "elements 2 and 41 left out, as the jPOS log has them masked, and they cannot be rebuilt" in done.stderr
    assert iso_gateway("redact", "-", given=masked).exit_code == 1


MASKED = JPOS_FIELDS.replace("TERM0001", "[WIPED]").replace(
    '<field id="11"', '<field id="52" value="AA55AA55" type="binary"/><field id="11"'
)


def test_bytes_that_a_log_has_wiped_are_none(iso_gateway: Call) -> None:
    done = iso_gateway("explain", "-", "--json", given=MASKED)
    assert done.exit_code == 1
    told = msgspec.json.decode(done.stdout)
    assert [each["path"] for each in told["entries"]] == ["mti", "bitmap", "7", "11", "70"]
    assert "elements 52 and 41 left out" in told["unread"]
    assert "they cannot be rebuilt" in told["unread"]


def test_diff_compares_what_a_log_has_not_masked(iso_gateway: Call) -> None:
    whole = iso_gateway("diff", MESSAGE.hex(), MESSAGE.hex())
    assert whole.stdout == "\nthe same, 5 elements and parts\n"
    done = iso_gateway("diff", MESSAGE.hex(), "-", given=MASKED)
    assert (done.exit_code, done.stdout) == (1, "\nthe same, 4 elements and parts\n")
    assert "elements 52 and 41 left out" in done.stderr
    other = SPEC.encode(SPEC.message("0800", {7: "1123100001", 11: "000124", 41: "TERM0001", 70: "301"})).hex()
    told = msgspec.json.decode(iso_gateway("diff", "-", other, "--json", given=MASKED).stdout)
    assert {each["path"]: each["how"] for each in told["fields"]} == {
        **dict.fromkeys(("mti", "7", "70"), "same"),
        "11": "changed",
    }
    assert told["masked"] == ["52", "41"]


def test_doctor_says_what_a_jpos_log_lacks(iso_gateway: Call) -> None:
    for log in (JPOS_FIELDS, MASKED):
        done = iso_gateway("doctor", "-", given=log)
        assert done.exit_code == 1
        assert "the elements of a message in a jPOS log, and no bytes" in done.stderr


def test_text_of_another_dialect_is_no_hex(iso_gateway: Call) -> None:
    done = iso_gateway("decode", "--spec", "iso87-binary", MESSAGE.decode())
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "text as it stands, and iso87-binary is not written in characters: try --spec iso87-ascii" in done.stderr


def test_text_in_a_log_that_breaks_is_read_so_far(iso_gateway: Call) -> None:
    done = iso_gateway("decode", "-", given=f"10:00:01 sent: {MESSAGE.decode()}XYZ\n")
    assert done.exit_code == 1
    assert "message at byte 63: 3 bytes after the last field" in done.stdout
    assert "000123" in done.stdout


def test_digits_that_begin_with_a_message_type_are_the_message_where_they_are_one(iso_gateway: Call) -> None:
    text = SPEC.encode(SPEC.message("0800", {11: "000123", 70: "301"})).decode()
    assert text.isdecimal()
    assert iso_gateway("decode", text).stdout == iso_gateway("decode", text.encode().hex()).stdout


@given(lost=st.integers(0, len(MESSAGE) - 1), name=st.sampled_from(sorted(PASTED)))
def test_a_slip_of_the_pen_never_goes_unseen(lost: int, name: str) -> None:
    # A byte of the digits is spoilt: what is read then is an error, or has as many bytes as it had.
    text = PASTED[name]
    at = text.lower().find(MESSAGE[lost:].hex()[:2].lower())
    spoilt = text[:at] + "G" + text[at + 1 :]
    try:
        read = read_hex(spoilt)
    except NotHex:
        return
    assert len(read) >= len(MESSAGE) - 1 or name.startswith(("jPOS, elements", "the message", "base64"))
