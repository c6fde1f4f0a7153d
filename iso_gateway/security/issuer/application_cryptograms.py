"""EMV application cryptograms (EMV book 2, 8.1, 8.2 and annex A1): the ARQC of a card, and the ARPC that answers it.

master = icc_master_key(issuer_key, pan, sequence)   # option A
session = session_key(master, atc)                   # the common session key
good = verify_arqc(session, data, arqc)
arpc = arpc_method_1(session, arqc, b"00")           # or the master key, as the card's version of cryptograms has it
"""

from __future__ import annotations

import hmac

from iso_gateway.security.block_ciphers import encrypt_once
from iso_gateway.security.key_material import adjust_parity
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod
from iso_gateway.security.macs import MacKey


def icc_master_key(issuer: bytes | bytearray, pan: str, sequence: str = "00") -> bytearray:
    """Return a card's master key, 16 bytes (EMV book 2, A1.4.1: option A).

    It is the right-most 16 digits of card number and *sequence* (DE 23 or tag 5F34, 2 digits), encrypted as they are
    and with all bits turned, with odd parity.

    Raises:
        KeyMaterialError: *issuer* is no key of TDES by its length.
        ValueError: *pan* or *sequence* are no digits.
    """
    text = pan + sequence
    if not (text.isascii() and text.isdecimal() and pan and len(sequence) == 2):
        raise ValueError("a card number and its sequence number, two digits")
    left = bytes.fromhex(f"{text[-16:]:0>16}")
    key = encrypt_once(KeyAlgorithm.TDES, issuer, left + bytes(value ^ 0xFF for value in left))
    adjust_parity(key)
    return key


def session_key(master: bytes | bytearray, diversifier: bytes) -> bytearray:
    """Return a transaction's session key, 16 bytes (EMV book 2, A1.3.1: common session key derivation).

    *diversifier* is the application transaction counter (tag 9F36, 2 bytes), or the whole 8 bytes that it begins.

    Raises:
        KeyMaterialError: *master* is no key of TDES by its length.
        ValueError: *diversifier* is not 2 nor 8 bytes.
    """
    if len(diversifier) not in (2, 8):
        raise ValueError("a session key is derived from 2 bytes of a counter, or 8 bytes")
    whole = diversifier.ljust(8, b"\0")
    halves = b"".join(whole[:2] + mark + whole[3:] for mark in (b"\xf0", b"\x0f"))
    key = encrypt_once(KeyAlgorithm.TDES, master, halves)
    adjust_parity(key)
    return key


def application_cryptogram(key: bytes | bytearray, data: bytes, padding: int = 2) -> bytes:
    """Return the cryptogram of *data*, 8 bytes (EMV book 2, 8.1.2): algorithm 3 of ISO 9797-1.

    *data* are the values of the tags that the card's version of cryptograms lists (9F02, 9F03, 9F1A ...), one after
    the other; *padding* 1 for Visa's version 10, 2 for the others.

    Raises:
        KeyMaterialError: *key* has another length.
        ValueError: there is no such padding.
    """
    return MacKey(MacAlgorithm.X9_19, KeyAlgorithm.TDES, key).make(MacMethod(MacAlgorithm.X9_19, padding), data)


def verify_arqc(key: bytes | bytearray, data: bytes, arqc: bytes, padding: int = 2) -> bool:
    """Say in constant time whether *arqc* (tag 9F26) is the cryptogram of *data*.

    Raises:
        KeyMaterialError, ValueError: as `application_cryptogram`.
    """
    return hmac.compare_digest(application_cryptogram(key, data, padding), arqc)


def arpc_method_1(key: bytes | bytearray, arqc: bytes, response_code: bytes) -> bytes:
    """Return the ARPC, 8 bytes (EMV book 2, 8.2.1): the ARQC with *response_code* (2 bytes) added, encrypted.

    Raises:
        KeyMaterialError: *key* has another length.
        ValueError: *arqc* is not 8 bytes, or *response_code* not 2.
    """
    if len(arqc) != 8 or len(response_code) != 2:
        raise ValueError("an ARQC is 8 bytes, a response code 2")
    mixed = int.from_bytes(arqc, "big") ^ int.from_bytes(response_code.ljust(8, b"\0"), "big")
    return bytes(encrypt_once(KeyAlgorithm.TDES, key, mixed.to_bytes(8, "big")))


def arpc_method_2(key: bytes | bytearray, arqc: bytes, status: bytes, proprietary: bytes = b"") -> bytes:
    """Return the ARPC, 4 bytes (EMV book 2, 8.2.2): the MAC of the ARQC, the card *status* update, and more data.

    Raises:
        KeyMaterialError: *key* has another length.
        ValueError: *arqc* is not 8 bytes, *status* not 4, or *proprietary* more than 8.
    """
    if len(arqc) != 8 or len(status) != 4 or len(proprietary) > 8:
        raise ValueError("an ARQC is 8 bytes, a card status update 4, proprietary data 8 at most")
    return application_cryptogram(key, arqc + status + proprietary)[:4]
