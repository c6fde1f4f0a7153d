"""Tests with known answers, run at every start: an algorithm that is blocked or broken is found before the first key.

The values are published ones; fixtures/crypto has many more, with their sources.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from iso_gateway.errors import IsoGatewayError, KeyMaterialError, ModuleFailed
from iso_gateway.security import dukpt_aes, dukpt_tdes, key_blocks
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod, PinFormat, Purpose
from iso_gateway.security.macs import MacKey
from iso_gateway.security.pin_blocks import decipher, encipher

_hex = bytes.fromhex
_TEXT: Final = b"Now is the time for all "
_DOUBLE: Final = _hex("0123456789ABCDEFFEDCBA9876543210")
_AES: Final = _hex("2B7E151628AED2A6ABF7158809CF4F3C")
_PIN_KEY: Final = _hex("AF8CB133A78F8DC2D1359F18527593FB")
_AES_BDK: Final = _hex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
_AES_KSN: Final = _hex("123456789012345600000001")
_PROTECTION: Final = _hex("88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6")
_BLOCK: Final = (
    b"D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34"
)


def _mac(algorithm: MacAlgorithm, kind: KeyAlgorithm, key: bytes, data: bytes) -> bytes:
    return MacKey(algorithm, kind, key).make(MacMethod(algorithm), data)


def _format_4() -> bytes:
    cipher = BlockCipher(KeyAlgorithm.AES, _PIN_KEY)
    block = encipher(PinFormat.ISO_4, "1234", "4111111111111111", cipher, lambda _: _hex("2F69ADDE2E9E7ACE"))
    return block + decipher(PinFormat.ISO_4, block, "4111111111111111", cipher).encode("ascii")


def _aes_pin_key() -> bytes:
    transaction = dukpt_aes.derive(_AES_BDK, _AES_KSN)
    return bytes(dukpt_aes.working_key(transaction, _AES_KSN, dukpt_aes.USES[Purpose.PIN]))


TESTS: Final[dict[str, tuple[Callable[[], bytes], bytes]]] = {
    "TDES, retail MAC (ISO 9797-1)": (
        lambda: _mac(MacAlgorithm.X9_19, KeyAlgorithm.TDES, _DOUBLE, _TEXT),
        _hex("A1C72E74EA3FA9B6"),
    ),
    "DES, CBC-MAC (ISO 9797-1)": (
        lambda: _mac(MacAlgorithm.X9_9, KeyAlgorithm.DES, _DOUBLE[:8], _TEXT),
        _hex("70A30640CC76DD8B"),
    ),
    "AES, CMAC (RFC 4493)": (
        lambda: _mac(MacAlgorithm.CMAC, KeyAlgorithm.AES, _AES, _hex("6BC1BEE22E409F96E93D7E117393172A")),
        _hex("070A16B46B4D4144"),
    ),
    "HMAC-SHA-256 (RFC 4231)": (
        lambda: _mac(MacAlgorithm.HMAC_SHA256, KeyAlgorithm.HMAC, b"\x0b" * 20, b"Hi There"),
        _hex("B0344C61D8DB3853"),
    ),
    "PIN block format 0 (X9.24-1)": (
        lambda: BlockCipher(KeyAlgorithm.TDES, _DOUBLE).decrypt(
            encipher(PinFormat.ISO_0, "1234", "4012345678909", BlockCipher(KeyAlgorithm.TDES, _DOUBLE), bytes)
        ),
        _hex("041274EDCBA9876F"),
    ),
    "PIN block format 4 (X9.24-3)": (_format_4, _hex("A912150391AB65A67E52883D81CE2D15") + b"1234"),
    "DUKPT of TDES (X9.24-1)": (
        lambda: bytes(dukpt_tdes.derive(_DOUBLE, _hex("FFFF9876543210EFF800"))),
        _hex("F9CDFEBF4F5B1D9EB3EC12454527E176"),
    ),
    "DUKPT of AES (X9.24-3)": (_aes_pin_key, _PIN_KEY),
    "key block D (TR-31:2018, A.7.4)": (
        lambda: bytes(key_blocks.unwrap(_PROTECTION, _BLOCK).key),
        _hex("3F419E1CB7079442AA37474C2EFBF8B8"),
    ),
    "AES-256-GCM (NIST)": (
        lambda: AESGCM(bytes(32)).encrypt(bytes(12), b"", None),
        _hex("530F8AFBC74536B9A963B4F1C4CB738B"),
    ),
}
"""What is computed, and what comes of it."""


def check() -> None:
    """Run all tests.

    Raises:
        ModuleFailed: one of them fails; the text names the algorithm and what to do.
    """
    for name, (compute, expected) in TESTS.items():
        try:
            found = compute()
        except (UnsupportedAlgorithm, KeyMaterialError):  # these keys are good: it can only be the cipher
            raise ModuleFailed(
                f"{name}: this system's OpenSSL blocks the algorithm, as its FIPS mode does with TDES; run the module "
                "where it is allowed, or use a hardware module"
            ) from None
        except (IsoGatewayError, ValueError) as error:
            raise ModuleFailed(f"{name}: the known-answer test could not be run: {type(error).__name__}") from None
        if found != expected:
            raise ModuleFailed(f"{name}: the known-answer test gave a wrong answer; no key is used by such a library")
