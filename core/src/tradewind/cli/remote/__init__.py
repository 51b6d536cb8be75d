"""Driving a remote server: `tradewind --server URL …` asks its REST API for what other commands ask the database."""
