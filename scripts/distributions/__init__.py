"""Maintainers' tooling for the distributions of this repository: what there is, what is generated from it, and releases.

`python -m distributions --help` lists the commands; `PYTHONPATH=scripts` makes it importable, as pytest and nox do.
"""
