"""`tradewind db`: its verbs, and what cleans and opens the metadata database for them."""
