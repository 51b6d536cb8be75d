"""The commands, a module each with `configure`."""
