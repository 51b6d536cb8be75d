"""Tradewind: workflow orchestration."""
