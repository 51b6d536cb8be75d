"""The sensors that come with Tradewind."""
