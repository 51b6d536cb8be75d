"""The metadata database: tables, migrations, the engine, and every SQL statement the product runs.

Statements live in `tradewind.metadata.statements`, one module a noun, each a named function with a sentence saying what
it is for. No other package writes SQL.
"""
