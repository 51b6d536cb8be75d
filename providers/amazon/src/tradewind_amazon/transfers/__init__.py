"""Operators that carry data to and from Amazon Web Services."""
