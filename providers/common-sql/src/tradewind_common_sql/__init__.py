"""SQL for Tradewind, whatever the database."""
