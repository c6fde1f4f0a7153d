"""``spec list``: what is shipped."""

from __future__ import annotations

import json

from iso_gateway.resources import folder
from tests.cli.conftest import Call
from tests.support.shipped import SHIPPED_SPECS


def test_the_shipped_specs_are_listed(iso_gateway: Call) -> None:
    names = [line.split()[0] for line in iso_gateway("spec", "list").stdout.splitlines()]
    assert names == list(SHIPPED_SPECS)


def test_scripts_get_them_on_one_line(iso_gateway: Call) -> None:
    said = json.loads(iso_gateway("spec", "list", "--json").stdout)
    assert {each["name"]: each["version"] for each in said["specs"]}["iso93-ascii"] == "1993"


def test_the_schema_of_a_file_is_printed_as_it_is_shipped(iso_gateway: Call) -> None:
    for what in ("spec", "profile"):
        shipped = (folder("specs") / "schema" / f"{what}.schema.json").read_text("utf-8")
        assert iso_gateway("spec", "schema", what).stdout == shipped
    assert iso_gateway("spec", "schema").stdout == iso_gateway("spec", "schema", "spec").stdout
