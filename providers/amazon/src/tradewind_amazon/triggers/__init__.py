"""What deferred tasks wait for at Amazon Web Services."""
