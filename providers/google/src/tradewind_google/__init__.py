"""Google Cloud for Tradewind: its storage."""
