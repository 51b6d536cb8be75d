"""Groups of commands that need no module but their own."""
