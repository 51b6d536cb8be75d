"""The commands that run until they are told to stop, and what only some of them need."""
