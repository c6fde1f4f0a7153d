"""Key blocks: the published ones, what does not open, and those of psec, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random  # noqa: TID251 -- seeded: the same inputs in every run
from typing import Any, Literal

import psec.tr31
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import aes as psec_aes
from psec import des as psec_des

from iso_gateway.errors import KeyBlockError, KeyMaterialError
from iso_gateway.security.key_blocks import unwrap, wrap
from iso_gateway.security.key_header import Header, header_of
from tests.support.oracles import quiet
from tests.support.vectors import Case, each

ROUNDS = 60
TDES_KEK = bytes.fromhex("DD7515F2BFC17F85CE48F3CA25CB21F6")
AES_KEK = bytes.fromhex("88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6")
KEY = bytes.fromhex("3F419E1CB7079442AA37474C2EFBF8B8")
PIN_KEY = Header("P0", "T", "E", "E")
MADE: tuple[tuple[Literal["B", "D"], bytes], ...] = (("B", TDES_KEK), ("D", AES_KEK))
each_version = pytest.mark.parametrize(("version", "kek"), MADE)


def zeros(count: int) -> bytes:
    return bytes(count)


def chances(name: str) -> Iterator[Random]:
    for turn in range(ROUNDS):
        yield Random(f"{name} {turn}")


# The published ones


@each("tr31")
def test_a_published_key_block_opens(group: str, case: Case) -> None:
    assert group
    kek, block = bytes.fromhex(case["kbpk"]), case["key_block"].encode()
    if case["version"] == "E":
        with pytest.raises(KeyBlockError):
            unwrap(kek, block)
        return
    header, key = unwrap(kek, block)
    assert key.hex().upper() == case["key"]
    said = (header.usage, header.algorithm, header.mode, header.exportability)
    assert said == (case["usage"], case["algorithm"], case["mode"], case["exportability"])


@each("tr31")
def test_a_published_key_block_is_made_again_to_the_byte(group: str, case: Case) -> None:
    """From the random bytes with which its maker filled it up, as whoever has its key can see."""
    assert group
    if (version := case["version"]) not in {"B", "D"}:
        return  # which is only read
    kek, block = bytes.fromhex(case["kbpk"]), case["key_block"].encode()
    opened = unwrap(kek, block)
    filling = _filling(kek, block, len(opened.key))
    hidden = 2 + len(opened.key) + len(filling) > {"B": 24, "D": 32}[version]
    again = wrap(version, kek, opened.header, opened.key, lambda count: filling[:count], hide=hidden)
    assert again == block


def _filling(kek: bytes, block: bytes, length: int) -> bytes:
    """Return what stands behind the key in the plaintext of *block*: parts of psec decrypt it."""
    theirs: Any = psec.tr31.KeyBlock(kek)
    size, derive, decrypt = {
        "B": (8, theirs._b_derive, psec_des.decrypt_tdes_cbc),
        "D": (16, theirs._d_derive, psec_aes.decrypt_aes_cbc),
    }[chr(block[0])]
    encrypting, _ = quiet(derive)
    rest = bytes.fromhex(block[header_of(block).size :].decode())
    plain: bytes = quiet(decrypt, encrypting, rest[-size:], rest[:-size])
    return plain[2 + length :]


@each("tr31_negative")
def test_a_changed_key_block_does_not_open(group: str, case: Case) -> None:
    assert group
    with pytest.raises(KeyBlockError, match=r"^no key block under this key$"):
        unwrap(bytes.fromhex(case["kbpk"]), case["key_block"].encode())


# Whatever is wrong


@each_version
def test_each_changed_character_is_noticed(version: Literal["B", "D"], kek: bytes) -> None:
    header = PIN_KEY._replace(optional=(("KS", "00604B120F9292800000"),))
    block = wrap(version, kek, header, KEY, zeros)
    assert unwrap(kek, block).key == KEY
    for place in range(len(block)):
        for other in (b"0", b"1", b"F", b"Z", b"\xff", b" "):
            changed = block[:place] + other + block[place + 1 :]
            if changed != block:
                with pytest.raises(KeyBlockError):
                    unwrap(kek, changed)


@each_version
def test_each_shorter_or_longer_block_is_refused(version: Literal["B", "D"], kek: bytes) -> None:
    block = wrap(version, kek, PIN_KEY, KEY, zeros)
    for end in range(len(block)):
        with pytest.raises(KeyBlockError):
            unwrap(kek, block[:end])
    for more in (b"0", b"00", b"0" * 16, b"0" * 10_000):
        with pytest.raises(KeyBlockError):
            unwrap(kek, block + more)


@pytest.mark.parametrize("version", "ABCDE")
@given(rest=st.binary(max_size=200), text=st.text("0123456789ABCDEFPBKS ", max_size=200))
def test_whatever_comes_is_a_key_block_or_one_error(version: str, rest: bytes, text: str) -> None:
    for tail in (rest, text.encode()):
        block = b"%c%04dP0TE00E%02d00" % (ord(version), 16 + len(tail), len(tail) % 4) + tail
        for kek in (TDES_KEK, AES_KEK, b"short", b""):
            with pytest.raises(KeyBlockError):
                unwrap(kek, block)


@each_version
def test_another_key_opens_nothing(version: Literal["B", "D"], kek: bytes) -> None:
    block = wrap(version, kek, PIN_KEY, KEY, zeros)
    for other in (bytes(len(kek)), kek[:16] + bytes(16), kek[:-1], TDES_KEK if version == "D" else AES_KEK):
        with pytest.raises(KeyBlockError):
            unwrap(other, block)


def test_what_cannot_be_wrapped() -> None:
    for key in (b"", bytes(129)):
        with pytest.raises(KeyMaterialError):
            wrap("D", AES_KEK, PIN_KEY, key, zeros)
    for kek in (b"", bytes(8), bytes(32)):
        with pytest.raises(KeyMaterialError):
            wrap("B", kek, PIN_KEY, KEY, zeros)
    for header in (PIN_KEY._replace(usage="P"), PIN_KEY._replace(mode="\n"), PIN_KEY._replace(algorithm="AA")):
        with pytest.raises(ValueError, match="no header"):
            wrap("D", AES_KEK, header, KEY, zeros)
    with pytest.raises(ValueError, match="versions B and D"):
        wrap("A", TDES_KEK, PIN_KEY, KEY, zeros)  # type: ignore[arg-type]


@each_version
def test_the_length_of_a_key_does_not_show(version: Literal["B", "D"], kek: bytes) -> None:
    assert len({len(wrap(version, kek, PIN_KEY, bytes(size), zeros)) for size in (8, 16, 24)}) == 1


def test_no_key_in_what_is_shown() -> None:
    opened = unwrap(AES_KEK, wrap("D", AES_KEK, PIN_KEY, KEY, zeros))
    assert repr(opened) == "<Opened P0>"


# psec's


@pytest.mark.parametrize(("version", "sizes"), [("A", (16, 24)), ("B", (16, 24)), ("C", (16, 24)), ("D", (16, 24, 32))])
def test_what_psec_wraps_opens_here(version: str, sizes: tuple[int, ...]) -> None:
    for chance in chances(version):
        kek, key = chance.randbytes(chance.choice(sizes)), chance.randbytes(chance.choice((8, 16, 24)))
        optional = {"KS": "0" * chance.randint(0, 300), "T0": "test"} if chance.random() < 0.5 else {}
        header = psec.tr31.Header(version, "M3", "T", "C", "c7", "S")
        for name, text in optional.items():
            header.blocks[name] = text
        block = quiet(psec.tr31.wrap, kek, header, key)
        opened = unwrap(kek, block.encode())
        assert opened.key == key
        assert opened.header[:6] == ("M3", "T", "C", "S", "c7", tuple(optional.items()))


@pytest.mark.parametrize(("version", "sizes"), [("B", (16, 24)), ("D", (16, 24, 32))])
def test_what_is_wrapped_here_psec_opens(version: Literal["B", "D"], sizes: tuple[int, ...]) -> None:
    for chance in chances(version):
        kek, key = chance.randbytes(chance.choice(sizes)), chance.randbytes(chance.choice((8, 16, 24, 32, 128)))
        optional = (("KS", "1" * chance.randint(0, 300)), ("T1", "")) if chance.random() < 0.5 else ()
        block = wrap(version, kek, Header("D0", "A", "B", "E", "02", optional), key, chance.randbytes)
        header, opened = quiet(psec.tr31.unwrap, kek, block.decode())
        assert opened == key
        assert (header.version_id, header.key_usage, header.version_num) == (version, "D0", "02")
        assert {name: header.blocks[name] for name in header.blocks if name != "PB"} == dict(optional)
