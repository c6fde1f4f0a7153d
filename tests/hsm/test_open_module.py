"""The module without keys: it calls everything genuine, passes the PIN block on, and signs nothing."""

from __future__ import annotations

import pytest

from iso_gateway.hsm.open_module import OpenModule
from iso_gateway.protocol.commands import Secure, Verify
from iso_gateway.protocol.events import Verified
from tests.support.desk import dialect

SPEC = dialect("iso87-ascii").spec


def test_without_a_key_there_is_nothing_to_compare_with() -> None:
    message = SPEC.message("0200", {11: "000001", 64: bytes(8)})
    assert OpenModule().verify(Verify("id", "counter", message)) == Verified("id", "")


@pytest.mark.parametrize("macs", [{}, {64: bytes(8)}, {128: bytes(8)}, {64: bytes(8), 128: bytes(8)}])
def test_a_mac_of_one_leg_does_not_travel_to_the_next(macs: dict[int, bytes]) -> None:
    plain = {11: "000001", 52: bytes(range(8))}
    secured = OpenModule().secure(Secure("id", "bank", SPEC.message("0200", {**plain, **macs})))
    assert secured.id == "id"
    assert secured.message == SPEC.message("0200", plain)
