"""Key blocks whose keys nobody said the length of: what a host sends at sign-on."""

from __future__ import annotations

import msgspec
import pytest

from iso_gateway.security import commands as c
from iso_gateway.security.key_header import Header
from iso_gateway.security.keys import KeyForm
from tests.hsm.test_managing import FORMS, SPEC, Desk, block


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [16, 24])
def test_a_key_block_says_how_long_its_key_is_where_nobody_else_does(form: KeyForm, size: int) -> None:
    spec, sent = (
        msgspec.structs.replace(SPEC, bits=0),
        block(form, Header("P0", "T", "N", "E"), bytes(range(7, 7 + size))),
    )
    taken = Desk(*FORMS.values()).ask(c.ImportKey(spec, FORMS[form].info.ref, form, sent))
    assert isinstance(taken, c.Imported)
    assert taken.info.bits == 8 * size
    short = block(form, Header("P0", "T", "N", "E"), bytes(range(7, 12)))
    for wrong in (c.ImportKey(spec, FORMS[form].info.ref, form, short), c.GenerateKey(spec)):
        refused = Desk(*FORMS.values()).ask(wrong)
        assert isinstance(refused, c.Refused)
        assert refused.fault is c.Fault.MALFORMED
