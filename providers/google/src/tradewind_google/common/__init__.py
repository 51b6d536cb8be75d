"""What all services of Google share."""
