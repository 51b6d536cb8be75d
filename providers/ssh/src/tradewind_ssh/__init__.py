"""SSH for Tradewind."""
