"""The suites, one module a contract."""
