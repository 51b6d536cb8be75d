"""One module a command group. Each has `configure(parser)`, which sets `run` to the function that does it."""
