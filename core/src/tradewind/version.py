"""The version of core, as pyproject.toml has it; a test holds the two together (asking the package index costs 30 ms)."""

VERSION = "0.1.0"
