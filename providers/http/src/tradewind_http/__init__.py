"""HTTP for Tradewind."""
