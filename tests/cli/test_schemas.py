"""What ``--json`` writes has a schema that is shipped, is that of the types, and fits everything that is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iso_gateway import load_spec
from iso_gateway.inspect import schemas
from iso_gateway.resources import folder
from tests.cli.conftest import Call
from tests.support.fixture_files import all_samples

jsonschema = pytest.importorskip("jsonschema")
SAMPLES = [each for each in all_samples() if "every" not in each.name][::9]


def validated(verb: str, said: str) -> dict[str, Any]:
    """Return what *verb* wrote, which its schema fits."""
    data: dict[str, Any] = json.loads(said)
    jsonschema.Draft202012Validator(schemas.of(verb)).validate(data)
    assert data["format"] == 1
    return data


@pytest.mark.parametrize("verb", schemas.KINDS)
def test_the_file_that_is_shipped_is_the_schema_of_the_types(iso_gateway: Call, verb: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas.of(verb))
    file = folder("specs") / "schema" / schemas.filename(verb)
    shipped = file.read_text("utf-8")
    assert shipped == schemas.written(verb), f"renew it: iso-gateway {verb} --json-schema > {file.name}"
    done = iso_gateway(*verb.split(), "--json-schema")
    assert (done.exit_code, done.output) == (0, shipped)


@pytest.mark.parametrize("verb", schemas.KINDS)
def test_every_key_says_what_it_means(verb: str) -> None:
    schema = schemas.of(verb)
    for each in (schema, *schema["$defs"].values()):
        assert each["description"]
        assert all(inside["description"] for inside in each["properties"].values())


def objects(data: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in *data*, itself among them."""
    if isinstance(data, dict):
        yield data
    for each in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from objects(each)


def test_a_key_that_no_schema_has_is_refused_wherever_it_stands(iso_gateway: Call) -> None:
    cut = SAMPLES[0].raw[:-3].hex()
    explained = json.loads(iso_gateway("explain", "--json", "--spec", SAMPLES[0].spec, cut).stdout)
    assert {"entries", "faults", "causes"} <= set(explained)
    validator = jsonschema.Draft202012Validator(schemas.of("explain"))
    for each in objects(explained):
        each["new"] = 1
        assert not validator.is_valid(explained)
        del each["new"]
    assert validator.is_valid(explained)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_what_is_written_of_a_message_fits(iso_gateway: Call, sample: Any) -> None:
    for verb in ("decode", "explain"):
        options = ("--check",) if verb == "decode" else ()
        good = iso_gateway(verb, "--json", *options, "--spec", sample.spec, sample.raw.hex())
        assert not {"faults", "causes"} & set(validated(verb, good.stdout))
        assert validated(verb, iso_gateway(verb, "--json", "--spec", sample.spec, sample.raw[:9].hex()).stdout)[
            "faults"
        ]
        framed = iso_gateway(verb, "--json", "--spec", sample.spec, "0041" + sample.raw.hex())
        assert validated(verb, framed.stdout)["faults"]
    same = iso_gateway("diff", "--json", "--spec", sample.spec, sample.raw.hex(), sample.raw.hex())
    assert validated("diff", same.stdout)["different"] == 0
    answer = iso_gateway("diff", "--json", "--answer", "--spec", sample.spec, sample.raw.hex(), sample.raw.hex())
    assert "different" not in validated("diff", answer.stdout)


@pytest.mark.parametrize(
    ("left", "said"), [("3032", "A is no message of iso87-ascii: MTI at byte 0"), ("zz", "no hex")]
)
def test_what_cannot_be_compared_is_data_too(iso_gateway: Call, left: str, said: str) -> None:
    done = iso_gateway("diff", "--json", left, SAMPLES[0].raw.hex())
    assert done.exit_code == 1
    data = validated("diff", done.stdout)
    assert data["unread"].startswith(said)
    assert data["fields"] == []
    assert data["unread"] in done.stderr


def test_what_doctor_writes_fits(iso_gateway: Call) -> None:
    spec = load_spec("iso87-ascii")
    raw = next(each for each in all_samples() if str(each) == "iso87-ascii-sale_approved").raw
    for given in (raw, raw[:-3], b"\x00\xc8" + raw, raw[::-1]):
        validated("doctor", iso_gateway("doctor", "--json", "--spec", spec.name, given.hex()).stdout)
    assert validated("doctor", iso_gateway("doctor", "--json", "{").stdout)["unread"]


def test_what_is_written_of_anything_else_fits_too(iso_gateway: Call) -> None:
    for given in ("xyz", "3032zz", "", "89504e470d0a1a0a"):
        for verb in ("decode", "explain"):
            assert validated(verb, iso_gateway(verb, "--json", given).stdout)["unread"]
    spec = load_spec("iso87-ascii")
    inside = spec.encode(spec.message("0200", {3: 0, 55: bytes.fromhex("9F2608A1")})).hex()
    assert validated("decode", iso_gateway("decode", "--json", inside).stdout)["faults"][0]["path"] == "55.9F26"
    assert validated("explain", iso_gateway("explain", "--json", inside).stdout)["faults"][0]["path"] == "55.9F26"


def test_what_is_written_of_specs_fits(iso_gateway: Call, tmp_path: Path) -> None:
    (tmp_path / "moov.json").write_text(iso_gateway("spec", "export", "cup-pos", "--to", "moov").stdout)
    done = iso_gateway("spec", "import", str(tmp_path / "moov.json"), "--json", "-o", str(tmp_path / "back.yaml"))
    assert validated("spec import", done.stdout)["elements"] == 124
    validated("spec vectors", iso_gateway("spec", "vectors", "nibss-pos", "--json").stdout)
    for name in ("iso87-ascii", "iso87-binary"):
        done = iso_gateway("spec", "diff", "iso87-ascii", name, "--json")
        assert done.exit_code == bool(validated("spec diff", done.stdout)["differences"])
    for name, count in (("iso87-ascii", 0), ("iso2003", 1)):
        done = iso_gateway("spec", "check", name, "--json")
        assert done.exit_code == count == len(validated("spec check", done.stdout)["findings"])
