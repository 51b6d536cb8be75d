"""PostgreSQL for Tradewind."""
