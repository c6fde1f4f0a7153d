"""A till and a host that follows a scenario."""

from __future__ import annotations

from typing import Any

from iso_gateway.catalog import read_yaml
from iso_gateway.host.scenario.reading import scenario_of
from tests.support.till import Till


def scripted(text: str, spec: str = "iso87-ascii", *, seed: int | None = None, **settings: Any) -> Till:
    """Return a till before a host with the scenario of the YAML *text*; where that is no table, it is its rules."""
    till = Till(spec, **settings)
    data = read_yaml(text)[0]
    till.host.scenario = scenario_of({"rules": data} if isinstance(data, list) else data, till.dialect, seed)
    return till
