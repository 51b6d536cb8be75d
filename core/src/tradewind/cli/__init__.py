"""The command line: `tradewind`.

Only the module of the command that was asked for is imported, so that `tradewind version` and `--help` answer at once.
"""

from tradewind.cli.main import main

__all__ = ["main"]
