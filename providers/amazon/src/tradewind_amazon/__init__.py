"""Amazon Web Services for Tradewind."""
