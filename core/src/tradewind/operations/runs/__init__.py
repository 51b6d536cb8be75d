"""Runs: listing, triggering, clearing, marking, deleting."""
