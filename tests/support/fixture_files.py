"""The messages of fixtures/messages, as tests want them."""

from __future__ import annotations

from dataclasses import dataclass

from iso_gateway.catalog import load_spec, read_yaml
from iso_gateway.codec.spec import Spec
from iso_gateway.resources import folder


@dataclass(frozen=True)
class Sample:
    """One message as a fixture file has it."""

    spec: str
    """The name of its spec."""
    name: str
    source: str
    checked_by: tuple[str, ...]
    mti: str
    fields: dict[int, str | bytes]
    """The data elements as `Message` gives them: text, or bytes for format b."""
    raw: bytes

    def __str__(self) -> str:
        return f"{self.spec}-{self.name}"


def samples(spec_name: str) -> list[Sample]:
    """Return the messages of one spec, in the order of the file."""
    name = f"{spec_name}.yaml"
    data, _lines = read_yaml((folder("fixtures") / "messages" / name).read_text("utf-8"), name)
    assert data["spec"] == spec_name
    spec = load_spec(spec_name)
    return [
        Sample(
            spec=spec_name,
            name=row["name"],
            source=row["source"],
            checked_by=tuple(row["checked_by"]),
            mti=row["mti"],
            fields={int(number): _value(spec, int(number), text) for number, text in row["fields"].items()},
            raw=bytes.fromhex(row["hex"]),
        )
        for row in data["messages"]
    ]


def spec_names() -> list[str]:
    """Return the names of the specs that have messages."""
    return sorted(entry.name.removesuffix(".yaml") for entry in (folder("fixtures") / "messages").iterdir())


def all_samples() -> list[Sample]:
    """Return the messages of all specs."""
    return [sample for name in spec_names() for sample in samples(name)]


def _value(spec: Spec, number: int, text: str) -> str | bytes:
    return bytes.fromhex(text) if spec.fields[number].binary else text
