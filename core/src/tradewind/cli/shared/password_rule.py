"""The rule for new passwords that `webserver_config.py` may have, for whoever sets one beside the database."""

from __future__ import annotations

import importlib
from pathlib import Path


def check_password(path: Path, password: str) -> None:
    """Raise if a password breaks the rule of the file; one that says none is not read, as that takes half a second.

    Arguments:
        path: where `webserver_config.py` would be.
    """
    if not path.exists() or b"FAB_PASSWORD_COMPLEXITY" not in path.read_bytes():
        return
    settings = importlib.import_module("tradewind.access.fab.settings")
    rule = settings.password_rule(settings.read_settings(path))
    if rule is not None:
        rule(password)
