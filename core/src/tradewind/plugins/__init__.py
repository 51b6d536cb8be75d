"""The registry: what the installed distributions plug into Tradewind, and the calls of their hooks.

`current.registry()` knows all that plugins declare without importing any of them; `behaviour.listeners()` and
`behaviour.policies()` call the hooks that act, in the processes that their specs name.
"""
