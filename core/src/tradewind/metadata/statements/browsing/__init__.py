"""Pages of lists with filters, for API and UI: each a few statements, however many rows there are."""
