"""Every SQL statement, named: one module a noun.

Functions take a connection and plain values, and return plain values.
"""
