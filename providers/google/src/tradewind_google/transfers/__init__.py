"""Operators that carry data to and from Google Cloud."""
