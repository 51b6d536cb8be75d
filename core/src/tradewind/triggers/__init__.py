"""The triggers that come with Tradewind."""
