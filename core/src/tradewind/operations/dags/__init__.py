"""DAGs: listing, pausing, deleting them; their tasks, and the files they come from."""
