"""The hook specs, grouped by noun.

Each docstring is the hook's contract; `docs/reference/hooks.md` has an example of each.
"""
