"""From names and files to specs and profiles, with file and line in every complaint.

`yaml_text` and `toml_text` read text and remember the lines, `lines` gives them to the problems that the pure
parts find, `bases` lays a file over those that it takes over, `shelf` knows what is shipped, `loading` makes specs and
profiles of it and of files of one's own, `pressed` has the shipped ones ready where they were made before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from iso_gateway.catalog.lines import located
    from iso_gateway.catalog.shelf import load_profile, load_spec, profile_names, spec_names
    from iso_gateway.catalog.toml_text import read_toml
    from iso_gateway.catalog.yaml_text import read_yaml

__all__ = ["load_profile", "load_spec", "located", "profile_names", "read_toml", "read_yaml", "spec_names"]

_HOMES: Final = {
    "load_profile": "shelf",
    "load_spec": "shelf",
    "located": "lines",
    "profile_names": "shelf",
    "read_toml": "toml_text",
    "read_yaml": "yaml_text",
    "spec_names": "shelf",
}
"""Where each name is. A command that reads a shipped spec needs no YAML, and few need TOML."""

if not TYPE_CHECKING:  # a type checker that saw it would take any misspelt name for one of ours

    def __getattr__(name: str) -> Any:
        """Import what is called *name*, once.

        Raises:
            AttributeError: nothing here is called so.
        """
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"iso_gateway.catalog.{_HOMES[name]}"), name)
        return value
