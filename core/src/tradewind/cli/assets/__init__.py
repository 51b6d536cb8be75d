"""`tradewind assets`: its verbs, and what finds and changes assets for them."""
