"""The hooks that come with Tradewind."""
