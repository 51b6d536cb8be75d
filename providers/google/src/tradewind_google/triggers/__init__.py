"""What deferred tasks wait for in Google Cloud."""
