"""Tradewind's errors."""
from tradewind_plugins.exceptions import *  # noqa: F401,F403 - the same names
