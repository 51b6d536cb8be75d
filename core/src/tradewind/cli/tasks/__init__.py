"""`tradewind tasks`: its verbs, and what clears, tries and runs tasks for them."""
