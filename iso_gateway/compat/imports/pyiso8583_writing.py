"""Specs of ours as a pyiso8583 dict in JSON, with what of them it cannot say."""

from __future__ import annotations

import msgspec

from iso_gateway.codec import pyiso8583
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import Problem, SpecError


def written(ours: Spec) -> tuple[str, list[Problem]]:
    """Return *ours* as JSON for pyiso8583, and what of it theirs cannot say.

    Raises:
        SpecError: its bitmaps are none that pyiso8583 reads, so that no message would be read.
    """
    made, problems = pyiso8583.expressed(ours)
    whole = [each for each in problems if not each.path.startswith("fields.")]
    if whole:
        raise SpecError(whole)
    notes = [Problem(each.path, f"left out: {each.message}") for each in problems]
    left = {each.path for each in problems}
    for number, field in ours.fields.items():
        if field.inside is not None and f"fields.{number}" not in left:
            notes.append(Problem(f"fields.{number}", "its parts are not written: theirs has none"))
    return msgspec.json.format(msgspec.json.encode(made), indent=1).decode(), notes
