"""Sensors for Google Cloud Storage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tradewind_plugins.sensor import BaseSensor, PokeReturnValue

from tradewind_google.hooks.gcs import GCSHook
from tradewind_google.triggers.gcs import (
    GCSBlobTrigger,
    GCSCheckBlobUpdateTimeTrigger,
    GCSPrefixBlobTrigger,
    is_newer,
    is_there,
)

__all__ = ["GCSObjectExistenceSensor", "GCSObjectUpdateSensor", "GCSObjectsWithPrefixExistenceSensor"]


class _GCSSensor(BaseSensor):
    """What all sensors for Cloud Storage have.

    Arguments:
        bucket: in which bucket (templated).
        google_cloud_conn_id: the connection.
        impersonation_chain: the service account to act as, or a list whose last one that is (templated).
        deferrable: whether the sensor gives its place up while it waits.
    """

    template_fields: Sequence[str] = ("bucket", "impersonation_chain")
    ui_color = "#e1ebf8"

    def __init__(
        self,
        *,
        bucket: str,
        google_cloud_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.google_cloud_conn_id = google_cloud_conn_id
        self.impersonation_chain = impersonation_chain
        self.deferrable = deferrable

    @property
    def hook(self) -> GCSHook:
        """A hook of the connection."""
        return GCSHook(self.google_cloud_conn_id, self.impersonation_chain)

    def _trigger(self, context: Any, arguments: dict[str, Any]) -> Any:
        """Return what is waited for, made with these arguments that all triggers here have."""
        raise NotImplementedError

    def execute(self, context: Any) -> Any:
        """Wait, in the task's place or in a trigger."""
        if not self.deferrable:
            return super().execute(context)
        found = self._look(context)
        if found:
            return found.xcom_value if isinstance(found, PokeReturnValue) else None
        arguments = {
            "bucket": self.bucket,
            "google_cloud_conn_id": self.google_cloud_conn_id,
            "impersonation_chain": self.impersonation_chain,
            "poke_interval": self.poke_interval,
            "pause": self.poke_interval,
        }
        return self.defer(
            trigger=self._trigger(context, arguments),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Any, event: Any) -> Any:
        """End with what the trigger has found."""
        return event.get("matches")


class GCSObjectExistenceSensor(_GCSSensor):
    """Wait until there is an object.

    Arguments:
        object: its name (templated).
        use_glob: whether the name is a pattern of Google's, such as `in/*.csv`.
        bucket, google_cloud_conn_id, impersonation_chain, deferrable: as of all sensors for Cloud Storage.
    """

    template_fields: Sequence[str] = ("object", *_GCSSensor.template_fields)

    def __init__(self, *, object: str, use_glob: bool = False, **kwargs: Any) -> None:  # noqa: A002 - Airflow's name
        super().__init__(**kwargs)
        self.object = object
        self.use_glob = use_glob

    def poke(self, context: Any) -> bool:
        """Tell whether it is there."""
        return is_there(self.hook, self.bucket, self.object, self.use_glob)

    def _trigger(self, context: Any, arguments: dict[str, Any]) -> Any:
        return GCSBlobTrigger(object_name=self.object, use_glob=self.use_glob, **arguments)


def _end_of_interval(context: Any) -> datetime:
    end: datetime = context["data_interval_end"]
    return end


class GCSObjectUpdateSensor(_GCSSensor):
    """Wait until an object was written after a moment.

    Arguments:
        object: its name (templated).
        ts_func: called with the context, returns the moment; by default the end of the run's data interval.
        bucket, google_cloud_conn_id, impersonation_chain, deferrable: as of all sensors for Cloud Storage.
    """

    template_fields: Sequence[str] = ("object", *_GCSSensor.template_fields)

    def __init__(
        self,
        *,
        object: str,  # noqa: A002 - Airflow's name
        ts_func: Callable[[Any], datetime] = _end_of_interval,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.object = object
        self.ts_func = ts_func

    def poke(self, context: Any) -> bool:
        """Tell whether it was."""
        return is_newer(self.hook, self.bucket, self.object, self.ts_func(context))

    def _trigger(self, context: Any, arguments: dict[str, Any]) -> Any:
        return GCSCheckBlobUpdateTimeTrigger(object_name=self.object, target_date=self.ts_func(context), **arguments)


class GCSObjectsWithPrefixExistenceSensor(_GCSSensor):
    """Wait until there are objects below a prefix; their names are the task's result.

    Arguments:
        prefix: what they begin with (templated).
        bucket, google_cloud_conn_id, impersonation_chain, deferrable: as of all sensors for Cloud Storage.
    """

    template_fields: Sequence[str] = ("prefix", *_GCSSensor.template_fields)

    def __init__(self, *, prefix: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prefix = prefix

    def poke(self, context: Any) -> PokeReturnValue:
        """Look for them."""
        names = self.hook.list(self.bucket, prefix=self.prefix)
        return PokeReturnValue(bool(names), names)

    def _trigger(self, context: Any, arguments: dict[str, Any]) -> Any:
        return GCSPrefixBlobTrigger(prefix=self.prefix, **arguments)
