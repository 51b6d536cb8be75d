"""What is raised about configuration."""


class ConfigError(ValueError):
    """A configuration value that cannot be used; the message names the key, its source and the way out."""


class UnknownKeyError(ConfigError):
    """A key that is no setting; the message names the nearest one that is."""
