"""Configuration: one typed file, every key also by environment variable, each value with its source."""

from tradewind.config.errors import ConfigError, UnknownKeyError
from tradewind.config.load import Loaded, Setting, load
from tradewind.config.sections import Config

__all__ = ["Config", "ConfigError", "Loaded", "Setting", "UnknownKeyError", "load"]
