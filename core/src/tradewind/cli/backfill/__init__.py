"""`tradewind backfill`: its verbs, and what asks for runs over a range of dates."""
