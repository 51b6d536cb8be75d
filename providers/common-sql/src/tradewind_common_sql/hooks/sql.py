"""The base of hooks for SQL, where Airflow has it."""

from __future__ import annotations

from tradewind_plugins.dbapi import DbApiHook, fetch_all_handler, fetch_one_handler

__all__ = ["DbApiHook", "fetch_all_handler", "fetch_one_handler"]
