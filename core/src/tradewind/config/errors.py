"""What is raised about configuration."""


class ConfigError(ValueError):
    """A configuration value that cannot be used; the message names the key, its source and the way out."""
