"""From names and files to specs and profiles, with file and line in every complaint.

`yaml_text` and `toml_text` read text and remember the lines, `lines` gives them to the problems that the pure
parts find, `bases` lays a file over those that it takes over, `shelf` knows what is shipped and loads it.
"""

from iso_gateway.catalog.lines import located
from iso_gateway.catalog.shelf import load_profile, load_spec, profile_names, spec_names
from iso_gateway.catalog.toml_text import read_toml
from iso_gateway.catalog.yaml_text import read_yaml

__all__ = ["load_profile", "load_spec", "located", "profile_names", "read_toml", "read_yaml", "spec_names"]
