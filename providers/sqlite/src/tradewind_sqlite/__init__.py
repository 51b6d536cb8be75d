"""SQLite for Tradewind."""
