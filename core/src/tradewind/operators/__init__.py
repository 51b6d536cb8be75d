"""The operators that come with Tradewind."""
