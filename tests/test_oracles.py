"""Chance inputs beside other people's implementations: psec, pyemv, pydukpt, and pycryptodome, which is no OpenSSL."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random  # noqa: TID251 -- seeded: the same inputs in every run

import pydukpt
import pyemv.ac
import pyemv.kd
import pytest
from Crypto.Cipher import AES as CRYPTO_AES
from Crypto.Cipher import DES3
from Crypto.Hash import CMAC, HMAC, SHA256
from psec import cvv as psec_cvv
from psec import des as psec_des
from psec import mac as psec_mac
from psec import pin as psec_pin
from psec import pinblock as psec_pinblock

from iso_gateway.errors import KsnError, PinBlockError
from iso_gateway.security import dukpt_tdes, pin_blocks
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.check_values import check_value
from iso_gateway.security.issuer.application_cryptograms import (
    application_cryptogram,
    arpc_method_1,
    arpc_method_2,
    icc_master_key,
    session_key,
)
from iso_gateway.security.issuer.card_verification import CardVerificationKey
from iso_gateway.security.issuer.pin_verification import PinVerificationKey
from iso_gateway.security.key_material import adjust_parity
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod, PinFormat, Purpose
from iso_gateway.security.macs import MacKey
from tests.support.oracles import quiet

ROUNDS = 100
TDES, AES = KeyAlgorithm.TDES, KeyAlgorithm.AES


def rounds(name: str) -> Iterator[Random]:
    """Yield chances, the same ones in every run; *name* makes those of one test its own."""
    for turn in range(ROUNDS):
        yield Random(f"{name} {turn}")


def digits(chance: Random, least: int, most: int) -> str:
    return "".join(chance.choices("0123456789", k=chance.randint(least, most)))


# MACs


@pytest.mark.parametrize("padding", [1, 2])
def test_the_retail_mac_of_psec(padding: int) -> None:
    for chance in rounds("retail"):
        key, data = chance.randbytes(16), chance.randbytes(chance.randint(0, 300))
        theirs = quiet(psec_mac.generate_retail_mac, key[:8], key[8:], data, padding)
        assert MacKey(MacAlgorithm.X9_19, TDES, key).make(MacMethod(MacAlgorithm.X9_19, padding), data) == theirs


@pytest.mark.parametrize("padding", [1, 2])
@pytest.mark.parametrize("length", [8, 16, 24])
def test_the_cbc_mac_of_psec(padding: int, length: int) -> None:
    kind = KeyAlgorithm.DES if length == 8 else TDES
    for chance in rounds("cbc"):
        key, data = chance.randbytes(length), chance.randbytes(chance.randint(0, 300))
        theirs = quiet(psec_mac.generate_cbc_mac, key, data, padding)
        assert MacKey(MacAlgorithm.X9_9, kind, key).make(MacMethod(MacAlgorithm.X9_9, padding), data) == theirs


@pytest.mark.parametrize(("kind", "length"), [(TDES, 16), (TDES, 24), (AES, 16), (AES, 24), (AES, 32)])
def test_the_cmac_of_pycryptodome(kind: KeyAlgorithm, length: int) -> None:
    for chance in rounds("cmac"):
        key, data = chance.randbytes(length), chance.randbytes(chance.randint(0, 100))
        theirs = CMAC.new(key, ciphermod=DES3 if kind is TDES else CRYPTO_AES, msg=data).digest()
        ours = MacKey(MacAlgorithm.CMAC, kind, key).make(MacMethod(MacAlgorithm.CMAC, length=len(theirs)), data)
        assert ours == theirs


def test_the_hmac_of_pycryptodome() -> None:
    for chance in rounds("hmac"):
        key, data = chance.randbytes(chance.randint(16, 128)), chance.randbytes(chance.randint(0, 300))
        theirs = HMAC.new(key, msg=data, digestmod=SHA256).digest()
        method = MacMethod(MacAlgorithm.HMAC_SHA256, length=32)
        assert MacKey(MacAlgorithm.HMAC_SHA256, KeyAlgorithm.HMAC, key).make(method, data) == theirs


@pytest.mark.parametrize("length", [8, 16])
def test_the_mac_of_unionpay_on_the_blocks_of_psec(length: int) -> None:
    kind = KeyAlgorithm.DES if length == 8 else TDES
    for chance in rounds("unionpay"):
        key, data = chance.randbytes(length), chance.randbytes(chance.randint(1, 300))
        total = bytearray(8)
        for place, value in enumerate(data):
            total[place % 8] ^= value
        text = total.hex().upper().encode()
        first = quiet(psec_des.encrypt_tdes_ecb, key, text[:8])
        second = bytes(one ^ other for one, other in zip(first, text[8:], strict=True))
        theirs = quiet(psec_des.encrypt_tdes_ecb, key, second).hex().upper().encode()[:8]
        ours = MacKey(MacAlgorithm.UNIONPAY_ECB, kind, key)
        assert ours.make(MacMethod(MacAlgorithm.UNIONPAY_ECB), data) == theirs


# PIN blocks


@pytest.mark.parametrize("form", [PinFormat.ISO_0, PinFormat.ISO_2, PinFormat.ISO_3])
def test_psec_reads_our_clear_blocks_and_we_read_theirs(form: PinFormat) -> None:
    name = form.value.replace("-", "_")
    encode = getattr(psec_pinblock, f"encode_pinblock_{name}")
    decode = getattr(psec_pinblock, f"decode_pinblock_{name}")
    for chance in rounds("clear"):
        pin, pan = digits(chance, 4, 12), digits(chance, 13, 19)
        card = () if form is PinFormat.ISO_2 else (pan,)
        assert decode(pin_blocks.encode(form, pin, pan, chance.randbytes), *card) == pin
        assert pin_blocks.decode(form, encode(pin, *card), pan) == pin


@pytest.mark.parametrize("length", [16, 24, 32])
def test_psec_reads_our_blocks_of_format_4_and_we_read_theirs(length: int) -> None:
    for chance in rounds("iso 4"):
        pin, pan, key = digits(chance, 4, 12), digits(chance, 12, 19), chance.randbytes(length)
        cipher = BlockCipher(AES, key)
        ours = pin_blocks.encipher(PinFormat.ISO_4, pin, pan, cipher, chance.randbytes)
        assert quiet(psec_pinblock.decipher_pinblock_iso_4, key, ours, pan) == pin
        theirs = quiet(psec_pinblock.encipher_pinblock_iso_4, key, pin, pan)
        assert pin_blocks.decipher(PinFormat.ISO_4, theirs, pan, cipher) == pin


@pytest.mark.parametrize("form", [PinFormat.ISO_0, PinFormat.ISO_2, PinFormat.ISO_3])
def test_psec_and_we_refuse_the_same_blocks(form: PinFormat) -> None:
    decode = getattr(psec_pinblock, f"decode_pinblock_{form.value.replace('-', '_')}")
    pan, refused = "4761739001010010", 0
    for chance in rounds("broken"):
        block = bytearray(pin_blocks.encode(form, digits(chance, 4, 12), pan, chance.randbytes))
        block[chance.randrange(8)] ^= chance.choice((1, 2, 16, 128))
        card = () if form is PinFormat.ISO_2 else (pan,)
        try:
            theirs = decode(bytes(block), *card)
        except ValueError:
            theirs = None
            refused += 1
        try:
            ours = pin_blocks.decode(form, bytes(block), pan)
        except PinBlockError:
            ours = None
        assert ours == theirs
    assert refused > ROUNDS // 4


# Keys


def test_the_dukpt_of_pydukpt() -> None:
    theirs_of = {
        Purpose.PIN: pydukpt.pin_key,
        Purpose.MAC_REQUEST: pydukpt.mac_request_key,
        Purpose.MAC_ANSWER: pydukpt.mac_response_key,
        Purpose.DATA_REQUEST: pydukpt.data_request_key,
        Purpose.DATA_ANSWER: pydukpt.data_response_key,
    }
    for chance in rounds("dukpt"):
        counter = sum(1 << bit for bit in chance.sample(range(21), chance.randint(1, 10)))
        bdk, ksn = chance.randbytes(16), (chance.getrandbits(59) << 21 | counter).to_bytes(10, "big")
        initial = pydukpt.derive_ipek(bdk, ksn)
        theirs = pydukpt.derive_key(initial, ksn)
        assert dukpt_tdes.initial_key(bdk, ksn) == initial
        assert dukpt_tdes.derive(bdk, ksn) == theirs
        assert {purpose: bytes(dukpt_tdes.working_key(theirs, purpose)) for purpose in Purpose} == {
            purpose: ask(theirs) for purpose, ask in theirs_of.items()
        }
        try:
            following = pydukpt.next_ksn(ksn)
        except pydukpt.KSNExhaustedError:
            with pytest.raises(KsnError):
                dukpt_tdes.next_ksn(ksn)
        else:
            assert dukpt_tdes.next_ksn(ksn) == following


@pytest.mark.parametrize("length", [8, 16, 24])
def test_check_values_and_parity_of_psec(length: int) -> None:
    kind = KeyAlgorithm.DES if length == 8 else TDES
    for chance in rounds("check"):
        key = chance.randbytes(length)
        assert check_value(kind, key, 8) == quiet(psec_des.generate_kcv, key, 8)
        adjusted = bytearray(key)
        adjust_parity(adjusted)
        assert adjusted == psec_des.adjust_key_parity(key)


@pytest.mark.parametrize(("kind", "length"), [(TDES, 16), (TDES, 24), (AES, 16), (AES, 24), (AES, 32)])
def test_the_blocks_of_pycryptodome(kind: KeyAlgorithm, length: int) -> None:
    module = DES3 if kind is TDES else CRYPTO_AES
    for chance in rounds("blocks"):
        key, cipher_bytes = chance.randbytes(length), 8 if kind is TDES else 16
        data, vector = chance.randbytes(cipher_bytes * chance.randint(1, 9)), chance.randbytes(cipher_bytes)
        ours = BlockCipher(kind, key)
        assert ours.encrypt(data) == module.new(key, module.MODE_ECB).encrypt(data)
        assert ours.decrypt(data) == module.new(key, module.MODE_ECB).decrypt(data)
        assert ours.encrypt_chained(data, vector) == module.new(key, module.MODE_CBC, vector).encrypt(data)
        assert ours.decrypt_chained(data, vector) == module.new(key, module.MODE_CBC, vector).decrypt(data)


# An issuer


def test_the_card_verification_values_of_psec() -> None:
    for chance in rounds("cvv"):
        key, pan = chance.randbytes(16), digits(chance, 13, 19)
        expiry, code = digits(chance, 4, 4), digits(chance, 3, 3)
        theirs = quiet(psec_cvv.generate_cvv, key, pan, expiry, code)
        assert CardVerificationKey(key).value(pan, expiry, code) == theirs


def test_the_pin_verification_of_psec() -> None:
    for chance in rounds("pvv"):
        key, pan, pin = chance.randbytes(16), digits(chance, 16, 16), digits(chance, 4, 12)
        index, table = chance.randrange(7), digits(chance, 16, 16)
        ours = PinVerificationKey(key)
        assert ours.visa_value(pin, pan, index) == quiet(psec_pin.generate_visa_pvv, key, str(index), pin[:4], pan)
        theirs = quiet(psec_pin.generate_ibm3624_offset, key, table, pin, pan, 0, 16, "0")
        assert ours.ibm_offset(pin, pan, table) == theirs


@pytest.mark.parametrize("padding", [1, 2])
def test_the_cryptograms_of_pyemv(padding: int) -> None:
    theirs_padding = {1: pyemv.ac.PaddingType.VISA, 2: pyemv.ac.PaddingType.EMV}[padding]
    for chance in rounds("emv"):
        issuer, pan, sequence = chance.randbytes(16), digits(chance, 13, 16), digits(chance, 2, 2)
        master = quiet(pyemv.kd.derive_icc_mk_a, issuer, pan, sequence)
        assert icc_master_key(issuer, pan, sequence) == master
        atc = chance.randbytes(2)
        session = quiet(pyemv.kd.derive_common_sk, master, atc + bytes(6))
        assert session_key(master, atc) == session
        data = chance.randbytes(chance.randint(1, 80))
        arqc = quiet(pyemv.ac.generate_ac, session, data, theirs_padding)
        assert application_cryptogram(session, data, padding) == arqc
        code, status, more = chance.randbytes(2), chance.randbytes(4), chance.randbytes(chance.randint(0, 8))
        assert arpc_method_1(session, arqc, code) == quiet(pyemv.ac.generate_arpc_1, session, arqc, code)
        assert arpc_method_2(session, arqc, status, more) == quiet(
            pyemv.ac.generate_arpc_2, session, arqc, status, more
        )
