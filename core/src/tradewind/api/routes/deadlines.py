"""Deadlines; Airflow 2 has no list of them."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.callbacks import DeadlineCollection, DeadlineListQuery
from tradewind.operations import deadlines

ROUTES = (Route("GET", "/deadlines", deadlines.list_deadlines, query=DeadlineListQuery, answer=DeadlineCollection),)
