"""Certificates and keys from files: every fault is told, with the file and what to do."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from iso_gateway.errors import ConfigError
from iso_gateway.net.tls import LONGEST, client_tls, server_tls
from tests.support.certificates import Authority, Pair


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def complaints(make: Callable[[], object], folder: Path) -> list[str]:
    """Return the faults that *make* tells, without the folder."""
    with pytest.raises(ConfigError) as caught:
        make()
    return [f"{problem.path}: {problem.message}".replace(f"{folder}/", "") for problem in caught.value.problems]


def test_what_is_good_is_taken(authority: Authority) -> None:
    pair = authority.issue("gateway", days=40)
    server = server_tls(*pair, authority.ca, now=authority.now)
    assert (server.client, server.own.days(authority.now)) == ("required", 40)
    assert server.context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert server_tls(*pair, None, now=authority.now).client == "none"
    client = client_tls(authority.ca, (), "host", now=authority.now)
    assert client.own is None
    assert client.context.check_hostname
    assert client.context.verify_mode is ssl.CERT_REQUIRED


def test_no_cipher_is_without_forward_secrecy_or_authentication(authority: Authority) -> None:
    context = server_tls(*authority.issue("gateway"), None, now=authority.now).context
    for cipher in context.get_ciphers():
        assert cipher["protocol"] == "TLSv1.3" or cipher["name"].startswith("ECDHE-"), cipher["name"]
        assert cipher["aead"], cipher["name"]


def test_a_digest_tells_whether_anything_is_new(authority: Authority) -> None:
    pair = authority.issue("gateway")
    first, again = (server_tls(*pair, authority.ca, now=authority.now).digest for _ in range(2))
    other = server_tls(*authority.issue("gateway"), authority.ca, now=authority.now).digest
    without = server_tls(*pair, None, now=authority.now).digest
    assert first == again
    assert len({first, other, without}) == 3


def _missing(pair: Pair) -> None:
    pair.certificate.unlink()
    pair.key.unlink()


def _swapped(pair: Pair) -> None:
    certificate, key = pair.certificate.read_bytes(), pair.key.read_bytes()
    pair.certificate.write_bytes(key)
    pair.key.write_bytes(certificate)


def _encrypted(pair: Pair) -> None:
    key = load_pem_private_key(pair.key.read_bytes(), None)
    secret = BestAvailableEncryption(b"passphrase")
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret))


def _open_to_others(pair: Pair) -> None:
    pair.key.chmod(0o644)


def _writable_by_the_group(pair: Pair) -> None:
    pair.key.chmod(0o660)


def _folders(pair: Pair) -> None:
    for file in pair:
        file.unlink()
        file.mkdir()


def _endless(pair: Pair) -> None:
    pair.certificate.write_bytes(b"#" * (LONGEST + 1))


def _garbled(pair: Pair) -> None:
    pair.certificate.write_bytes(pair.certificate.read_bytes().replace(b"M", b"\xff"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_missing, ["certificate: a.crt: no such file", "key: a.key: no such file"]),
        (
            _swapped,
            [
                "certificate: a.crt: no certificate in it that can be read; PEM expected",
                "key: a.key: no private key in it that can be read; PEM expected",
            ],
        ),
        (
            _encrypted,
            ["key: a.key: encrypted, and nobody is there to tell its passphrase; openssl pkey opens it"],
        ),
        (_open_to_others, ["key: a.key: others may read or write it (mode 0644); chmod 600 it"]),
        (_writable_by_the_group, ["key: a.key: others may read or write it (mode 0660); chmod 600 it"]),
        (
            _folders,
            ["certificate: a.crt: cannot be read: Is a directory", "key: a.key: cannot be read: Is a directory"],
        ),
        (_endless, ["certificate: a.crt: no file of certificates or keys"]),
        (_garbled, ["certificate: a.crt: no certificate in it that can be read; PEM expected"]),
    ],
)
def test_what_is_wrong_with_a_file_is_told(
    authority: Authority, tmp_path: Path, spoil: Callable[[Pair], None], said: list[str]
) -> None:
    pair = authority.issue("gateway", stem="a")
    spoil(pair)
    assert complaints(lambda: server_tls(*pair, None, now=authority.now), tmp_path) == said


def test_the_group_may_read_a_key(authority: Authority) -> None:
    pair = authority.issue("gateway")
    pair.key.chmod(0o640)
    assert server_tls(*pair, None, now=authority.now).own.file == str(pair.certificate)


def test_a_key_that_does_not_fit(authority: Authority, tmp_path: Path) -> None:
    mixed = Pair(authority.issue("a", stem="a").certificate, authority.issue("b", stem="b").key)
    said = complaints(lambda: server_tls(*mixed, None, now=authority.now), tmp_path)
    assert said == ["key: b.key: not the key of the first certificate in a.crt"]


def test_times_of_a_certificate(authority: Authority, tmp_path: Path) -> None:
    ended, early = authority.issue("a", days=-0.1, stem="a"), authority.issue("b", since_days=-1, stem="b")
    day, tomorrow = authority.now - timedelta(days=0.1), authority.now + timedelta(days=1)
    assert complaints(lambda: server_tls(*ended, None, now=authority.now), tmp_path) == [
        f"certificate: a.crt: expired on {day:%Y-%m-%d}; get a new one"
    ]
    assert complaints(lambda: server_tls(*early, None, now=authority.now), tmp_path) == [
        f"certificate: b.crt: not valid before {tomorrow:%Y-%m-%d %H:%M} UTC; is the clock right?"
    ]
    late = authority.now + timedelta(days=4000)
    assert complaints(lambda: client_tls(authority.ca, (), "host", now=late), tmp_path)[0].startswith(
        "ca: test-ca.pem: expired on"
    )


def test_all_faults_are_told_at_once(authority: Authority, tmp_path: Path) -> None:
    pair = authority.issue("a", stem="a")
    pair.key.chmod(0o604)
    wrong = complaints(lambda: server_tls(pair.key, pair.key, tmp_path / "absent.pem", now=authority.now), tmp_path)
    assert [each.partition(":")[0] for each in wrong] == ["certificate", "key", "client_ca"]


@pytest.mark.parametrize(
    ("fingerprints", "said"),
    [
        ([], ["ca: missing: who issues the server's certificate, or its fingerprint"]),
        (["", "0" * 64, "xy" * 32], [
            "fingerprints.0: the SHA-256 of a certificate expected, 64 digits of hex",
            "fingerprints.2: the SHA-256 of a certificate expected, 64 digits of hex",
        ]),
    ],
)  # fmt: skip
def test_a_server_nobody_knows_is_not_dialled(authority: Authority, fingerprints: list[str], said: list[str]) -> None:
    assert complaints(lambda: client_tls(None, fingerprints, "host", now=authority.now), Path()) == said


def test_a_certificate_and_its_key_belong_together(authority: Authority) -> None:
    pair = authority.issue("a")
    for files, missing in (((pair.certificate, None), "key"), ((None, pair.key), "certificate")):
        said = complaints(lambda shown=files: client_tls(authority.ca, (), "host", *shown, now=authority.now), Path())  # type: ignore[misc]
        assert said == [f"{missing}: missing: a certificate and its key belong together"]
