"""The commands that explain others: errors, the list of all commands, completion with the Tab key."""
