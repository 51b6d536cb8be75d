"""What may be done: one function for each operation, for API, UI and command line alike; no HTTP, no printing."""
