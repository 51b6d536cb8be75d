"""Rules of paths that learn to write URLs when the first one is asked for.

Werkzeug compiles two functions for each rule when it is bound, which write URLs from values. Of the API's many rules hardly one is
ever asked for a URL, and to compile them takes longer than everything else that a server's routes need.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


class LateRule(Rule):
    """A rule that compiles what writes its URLs when one is asked for.

    What it overrides is Werkzeug's own business: where a later release has no such method, rules are compiled at once, as before.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        compile_now: Callable[[bool], Builder] = super()._compile_builder

        @cache
        def compiled() -> Builder:
            return compile_now(append_unknown)

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build
