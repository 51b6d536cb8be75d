"""`tradewind connections`: its verbs, and what reads, writes and tries connections for them."""
