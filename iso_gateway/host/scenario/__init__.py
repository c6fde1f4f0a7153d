"""Scenarios: rules by which the host answers other than it ordinarily would, and misbehaves.

`rule` says what a rule is, `values` what its answers are made of, `scenario` which rule a message gets, `heard` what
conditions may ask of the host, `responding` what becomes of an answer. `shape` and `reading` make all this of YAML.
"""
