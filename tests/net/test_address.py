"""Addresses as people write them."""

from __future__ import annotations

import pytest

from iso_gateway.errors import ConfigError
from iso_gateway.net.address import Address

GOOD = [
    ("127.0.0.1:5000", "127.0.0.1", 5000),
    ("0.0.0.0:0", "0.0.0.0", 0),
    ("pos.example:65535", "pos.example", 65535),
    ("[::1]:5000", "::1", 5000),
]


@pytest.mark.parametrize(("text", "host", "port"), GOOD)
def test_an_address_is_read_and_written_back(text: str, host: str, port: int) -> None:
    assert Address.parse(text) == (host, port)
    assert str(Address.parse(text)) == text


WRONG = [
    ("5000", "HOST:PORT expected"),
    (":5000", "0.0.0.0:PORT listens everywhere"),
    ("", "HOST:PORT expected"),
    ("::1:5000", "stands in brackets"),
    ("[::1:5000", "stands in brackets"),
    ("localhost:", "from 0 to 65535"),
    ("localhost:65536", "from 0 to 65535"),
    ("localhost:-1", "from 0 to 65535"),
    ("localhost:50x", "from 0 to 65535"),
    ("localhost:\u0663", "from 0 to 65535"),
    ("\0:5000", "the host is no name"),
    ("pos\x1b[31m.example:5000", "the host is no name"),
    ("pos. example:5000", "the host is no name"),
    ("pos..example:5000", "the host is no name"),
    (f"{'x' * 64}.example:5000", "the host is no name"),
    ("[]:5000", "the host is no name"),
]


@pytest.mark.parametrize(("text", "expected"), WRONG)
def test_what_is_no_address_is_refused(text: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        Address.parse(text)
