"""What the parts that plug into Tradewind promise, one module a noun.

A version below 1 means that fewer than two unlike implementations have proved it.
"""
