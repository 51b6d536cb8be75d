"""What all hooks for services of Google share."""
