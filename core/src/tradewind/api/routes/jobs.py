"""Daemons."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.scheduling import (
    JobCollection,
    JobListQuery,
)
from tradewind.operations import jobs

ROUTES = (Route("GET", "/jobs", jobs.list_jobs, query=JobListQuery, answer=JobCollection),)
