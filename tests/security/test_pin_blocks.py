"""PIN blocks: the published ones, what is none, that nobody learns why, and which may become which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.errors import PinBlockError, PinPolicyError
from iso_gateway.security import pin_blocks
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import KeyAlgorithm, PinFormat
from iso_gateway.security.pin_policy import ALLOWED, allowed, translate
from tests.support.vectors import Case, cases, each, inputs

PAN = "4761739001010010"
FORMATS = {0: PinFormat.ISO_0, 1: PinFormat.ISO_1, 2: PinFormat.ISO_2, 3: PinFormat.ISO_3, 4: PinFormat.ISO_4}
TDES = BlockCipher(KeyAlgorithm.TDES, bytearray.fromhex("0123456789ABCDEFFEDCBA9876543210"))
OTHER = BlockCipher(KeyAlgorithm.TDES, bytearray.fromhex("89ABCDEF0123456776543210FEDCBA98"))
AES = BlockCipher(KeyAlgorithm.AES, bytearray.fromhex("000102030405060708090A0B0C0D0E0F"))

every_format = pytest.mark.parametrize("form", PinFormat)
pins = st.text("0123456789", min_size=4, max_size=12)
pans = st.text("0123456789", min_size=12, max_size=19)
fills = st.binary(min_size=16, max_size=16)


def cipher_for(form: PinFormat) -> BlockCipher:
    return AES if form is PinFormat.ISO_4 else TDES


def filled_with(value: int) -> pin_blocks.Fill:
    return lambda count: bytes([value]) * count


def zeros(count: int) -> bytes:
    return bytes(count)


# Published


@pytest.mark.parametrize(
    "case", [case for case in cases("pin_blocks") if "block" in case], ids=lambda case: case["block"]
)
def test_a_published_block_has_its_pin(case: Case) -> None:
    form, block = FORMATS[case["format"]], bytes.fromhex(case["block"])
    assert pin_blocks.decode(form, block, case.get("pan", "")) == case["pin"]
    if form in (PinFormat.ISO_0, PinFormat.ISO_2):
        assert pin_blocks.encode(form, case["pin"], case.get("pan", ""), zeros) == block


@pytest.mark.parametrize("case", [case for case in cases("pin_blocks") if "pan_field" in case], ids=lambda c: c["pan"])
def test_the_card_in_format_4(case: Case) -> None:
    assert pin_blocks.encode_pan_field(case["pan"]).hex().upper() == case["pan_field"]


@pytest.mark.parametrize(
    ("group", "working", "case"),
    [
        pytest.param(group, working, case, id=f"{working}-{case['ksn']}")
        for group, working in (("dukpt_aes128", "aes128"), ("dukpt_aes256", "aes256"))
        for case in cases(group)
        if "encrypted_pin_block_format4" in case
    ],
)
def test_format_4_under_the_key_of_a_transaction(group: str, working: str, case: Case) -> None:
    said = inputs(group)
    key = BlockCipher(KeyAlgorithm.AES, bytearray.fromhex(case[working]["pin"]))
    block = bytes.fromhex(case["encrypted_pin_block_format4"])
    assert pin_blocks.decipher(PinFormat.ISO_4, block, said["pan"], key) == said["pin"]
    fill = bytes.fromhex(said["format4_random"])
    assert pin_blocks.encipher(PinFormat.ISO_4, said["pin"], said["pan"], key, lambda _count: fill) == block


@each("dukpt_tdes_initial", "dukpt_tdes_rollover")
def test_format_0_under_the_key_of_a_transaction(group: str, case: Case) -> None:
    said = inputs(group)
    key = BlockCipher(KeyAlgorithm.TDES, bytearray.fromhex(case["pin_key"]))
    block = bytes.fromhex(case["encrypted_pin_block"])
    assert pin_blocks.decipher(PinFormat.ISO_0, block, said["pan"], key) == said["pin"]
    assert pin_blocks.encipher(PinFormat.ISO_0, said["pin"], said["pan"], key, zeros) == block


@pytest.mark.parametrize("case", cases("pin_blocks_negative"), ids=lambda case: case["why"])
def test_a_block_to_be_refused_is(case: Case) -> None:
    with pytest.raises(PinBlockError):
        pin_blocks.decode(FORMATS[case["format"]], bytes.fromhex(case["block"]), case["pan"])


# Back and forth


@every_format
@given(pin=pins, pan=pans, random=fills)
def test_what_was_enciphered_is_deciphered(form: PinFormat, pin: str, pan: str, random: bytes) -> None:
    block = pin_blocks.encipher(form, pin, pan, cipher_for(form), lambda count: random[:count])
    assert len(block) == (16 if form is PinFormat.ISO_4 else 8)
    assert pin_blocks.decipher(form, block, pan, cipher_for(form)) == pin


@pytest.mark.parametrize("form", [PinFormat.ISO_1, PinFormat.ISO_3, PinFormat.ISO_4])
def test_the_same_pin_looks_different_by_its_fill(form: PinFormat) -> None:
    made = {pin_blocks.encipher(form, "1234", PAN, cipher_for(form), filled_with(value)) for value in range(1, 9)}
    assert len(made) == 8


@given(fills)
def test_format_3_is_filled_with_letters_alone(random: bytes) -> None:
    block = int.from_bytes(pin_blocks.encode(PinFormat.ISO_3, "1234", "0" * 16, lambda _count: random), "big")
    assert set(f"{block:016X}"[6:]) <= set("ABCDEF")


# Refused, all alike

NO_BLOCKS: dict[str, tuple[PinFormat, str]] = {
    "another control digit": (PinFormat.ISO_0, "141234FFFFFFFFFF"),
    "3 digits": (PinFormat.ISO_0, "03123FFFFFFFFFFF"),
    "13 digits": (PinFormat.ISO_0, "0D1234567890123F"),
    "15 digits": (PinFormat.ISO_0, "0F12345678901234"),
    "a letter in the PIN": (PinFormat.ISO_0, "0412A4FFFFFFFFFF"),
    "no F behind the PIN": (PinFormat.ISO_0, "041234FFFFFFFFF0"),
    "format 1, another control digit": (PinFormat.ISO_1, "0412345678901234"),
    "format 1, no digits at all": (PinFormat.ISO_1, "1012345678901234"),
    "format 1, a letter in the PIN": (PinFormat.ISO_1, "14123F5678901234"),
    "format 2, no F behind the PIN": (PinFormat.ISO_2, "241234FFFFFFFF0F"),
    "format 3, a digit behind the PIN": (PinFormat.ISO_3, "341234ABCDEFAB9A"),
    "all zeros": (PinFormat.ISO_0, "0000000000000000"),
    "all ones": (PinFormat.ISO_3, "FFFFFFFFFFFFFFFF"),
    "7 bytes": (PinFormat.ISO_0, "041234FFFFFFFF"),
    "9 bytes": (PinFormat.ISO_0, "041234FFFFFFFFFFFF"),
    "none": (PinFormat.ISO_0, ""),
    "format 4, clear": (PinFormat.ISO_4, "441234AAAAAAAAAA"),
}


@pytest.mark.parametrize("name", NO_BLOCKS)
def test_what_is_no_block_is_refused_and_nobody_learns_why(name: str) -> None:
    form, text = NO_BLOCKS[name]
    with pytest.raises(PinBlockError) as caught:
        pin_blocks.decode(form, bytes.fromhex(text), "0" * 16)
    assert_says_nothing(caught.value)


@pytest.mark.parametrize(
    "field",
    ["541234AAAAAAAAAA", "431234AAAAAAAAAA", "4D1234567890123A", "44123AAAAAAAAAAA", "441234AAAAAAAAAB", "4412"],
)
def test_what_is_no_field_of_format_4_is_refused_in_the_same_words(field: str) -> None:
    with pytest.raises(PinBlockError) as caught:
        pin_blocks.decode_pin_field(bytes.fromhex(field.ljust(32, "0")) if len(field) == 16 else bytes.fromhex(field))
    assert_says_nothing(caught.value)


@every_format
@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "１２３４", "-123", "12 4"])
def test_what_is_no_pin_is_refused_in_the_same_words(form: PinFormat, pin: str) -> None:
    with pytest.raises(PinBlockError) as caught:
        pin_blocks.encipher(form, pin, PAN, cipher_for(form), zeros)
    assert_says_nothing(caught.value)


@pytest.mark.parametrize("form", [PinFormat.ISO_0, PinFormat.ISO_3, PinFormat.ISO_4])
@pytest.mark.parametrize("pan", ["", "1" * 20, "47617390010100A0", "٤٧٦١"])
def test_what_is_no_card_number_is_refused_in_the_same_words(form: PinFormat, pan: str) -> None:
    with pytest.raises(PinBlockError) as caught:
        pin_blocks.encipher(form, "1234", pan, cipher_for(form), zeros)
    assert_says_nothing(caught.value)
    with pytest.raises(PinBlockError) as caught:
        pin_blocks.decipher(form, bytes(cipher_for(form).block_size), pan, cipher_for(form))
    assert_says_nothing(caught.value)


@pytest.mark.parametrize("form", [PinFormat.ISO_0, PinFormat.ISO_3, PinFormat.ISO_4])
@pytest.mark.parametrize("wrong", ["card", "key", "bit"])
def test_another_card_or_key_or_one_bit_gives_no_pin(form: PinFormat, wrong: str) -> None:
    cipher = cipher_for(form)
    other = BlockCipher(cipher.kind, bytes(range(20, 36)))
    block = bytearray(pin_blocks.encipher(form, "1234", PAN, cipher, zeros))
    block[0] ^= wrong == "bit"
    with pytest.raises(PinBlockError) as caught:
        pin_blocks.decipher(
            form, bytes(block), "4111111111111111" if wrong == "card" else PAN, other if wrong == "key" else cipher
        )
    assert_says_nothing(caught.value)


@every_format
@given(st.binary(max_size=40))
def test_any_bytes_are_a_pin_or_one_error(form: PinFormat, block: bytes) -> None:
    try:
        pin = pin_blocks.decipher(form, block, PAN, cipher_for(form))
    except PinBlockError as error:
        assert_says_nothing(error)
    else:
        assert pin_blocks.is_pin(pin)


@every_format
def test_a_format_goes_under_its_own_kind_of_key_alone(form: PinFormat) -> None:
    wrong = TDES if form is PinFormat.ISO_4 else AES
    with pytest.raises(PinBlockError):
        pin_blocks.encipher(form, "1234", PAN, wrong, zeros)
    for length in (8, 16):
        with pytest.raises(PinBlockError):
            pin_blocks.decipher(form, bytes(length), PAN, wrong)


def assert_says_nothing(error: PinBlockError) -> None:
    assert str(error) == "no PIN block of this format and card under this key"
    assert error.__cause__ is None
    assert error.__context__ is None


# Translated


def test_the_policy_is_the_table_of_pci_pin_3_3() -> None:
    (table,) = cases("pin_translation_policy")
    rows = {tuple(name.split("->")): said for name, said in table.items()}
    assert len(rows) == 25
    for (source, target), said in rows.items():
        may = said in {"same PAN only", "yes"}
        assert allowed(FORMATS[int(source)], FORMATS[int(target)]) is may, (source, target)


@pytest.mark.parametrize("source", PinFormat)
@pytest.mark.parametrize("target", PinFormat)
def test_a_pin_goes_to_another_key_where_policy_allows(source: PinFormat, target: PinFormat) -> None:
    old, new = cipher_for(source), AES if target is PinFormat.ISO_4 else OTHER
    block = pin_blocks.encipher(source, "90210", PAN, old, zeros)

    def translated() -> bytes:
        return translate(block, PAN, source=old, source_format=source, target=new, target_format=target, fill=bytes)

    if target in ALLOWED[source]:
        assert pin_blocks.decipher(target, translated(), PAN, new) == "90210"
    else:
        with pytest.raises(PinPolicyError):
            translated()


@pytest.mark.parametrize("source", [PinFormat.ISO_0, PinFormat.ISO_3, PinFormat.ISO_4])
def test_a_pin_of_another_card_is_not_translated(source: PinFormat) -> None:
    block = pin_blocks.encipher(source, "1234", PAN, cipher_for(source), zeros)
    with pytest.raises(PinBlockError) as caught:
        translate(
            block,
            "4111111111111111",
            source=cipher_for(source),
            source_format=source,
            target=OTHER,
            target_format=PinFormat.ISO_0,
            fill=bytes,
        )
    assert_says_nothing(caught.value)


def test_a_target_format_that_does_not_go_under_its_key_is_refused() -> None:
    block = pin_blocks.encipher(PinFormat.ISO_0, "1234", PAN, TDES, zeros)
    with pytest.raises(PinBlockError):
        translate(
            block,
            PAN,
            source=TDES,
            source_format=PinFormat.ISO_0,
            target=OTHER,
            target_format=PinFormat.ISO_4,
            fill=bytes,
        )


@pytest.mark.parametrize("name", [name for name, (form, _) in NO_BLOCKS.items() if form is PinFormat.ISO_0])
def test_what_is_no_block_of_format_0_does_not_go_under_another_key(name: str) -> None:
    clear = bytes.fromhex(NO_BLOCKS[name][1])
    block = TDES.encrypt(clear) if len(clear) == 8 else clear
    with pytest.raises(PinBlockError) as caught:
        format_0_under_another_key(block, "0" * 16)
    assert_says_nothing(caught.value)


@given(pin=pins, pan=pans)
def test_format_0_under_another_key_is_what_its_pin_gives_there(pin: str, pan: str) -> None:
    block = pin_blocks.encipher(PinFormat.ISO_0, pin, pan, TDES, zeros)
    assert format_0_under_another_key(block, pan) == pin_blocks.encipher(PinFormat.ISO_0, pin, pan, OTHER, zeros)


def format_0_under_another_key(block: bytes, pan: str) -> bytes:
    form = PinFormat.ISO_0
    return translate(block, pan, source=TDES, source_format=form, target=OTHER, target_format=form, fill=zeros)
