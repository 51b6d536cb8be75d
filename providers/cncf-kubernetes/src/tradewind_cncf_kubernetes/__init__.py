"""Kubernetes for Tradewind."""
