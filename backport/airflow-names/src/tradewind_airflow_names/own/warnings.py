"""Airflow's kinds of warnings."""

from __future__ import annotations


class RemovedInAirflow3Warning(DeprecationWarning):
    """Something that Airflow 3 does not have any more."""


class AirflowProviderDeprecationWarning(DeprecationWarning):
    """Something of a provider that will go."""


class RemovedInAirflow4Warning(DeprecationWarning):
    """Something that Airflow 4 will not have any more."""
