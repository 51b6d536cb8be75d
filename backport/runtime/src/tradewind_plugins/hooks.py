"""The markers of hooks. Airflow 1.10 discovers no providers, so they mark nothing; plugin modules stay importable."""

__all__ = ["PROJECT", "hookimpl"]

PROJECT = "tradewind"


def hookimpl(function=None, **options):
    """Return the function as it is."""
    return function if function is not None else lambda each: each
