"""What deferred tasks wait for in Google Cloud Storage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from tradewind_plugins.threads import in_thread, pause
from tradewind_plugins.triggers import BaseTrigger, TriggerEvent

from tradewind_google.exceptions import ObjectNotFoundException
from tradewind_google.hooks.gcs import GCSHook

__all__ = ["GCSBlobTrigger", "GCSCheckBlobUpdateTimeTrigger", "GCSPrefixBlobTrigger"]


class GCSBlobTrigger(BaseTrigger):
    """Wait until there is an object; the event is `{"status": "success"}`.

    Arguments:
        bucket: in which bucket.
        object_name: its name, or a pattern of Google's.
        use_glob: whether it is a pattern.
        poke_interval: seconds between two looks.
        google_cloud_conn_id: the connection.
        impersonation_chain: the service account to act as.
        pause: seconds before the first look.
    """

    def __init__(
        self,
        *,
        bucket: str,
        object_name: str,
        poke_interval: float,
        google_cloud_conn_id: str = "google_cloud_default",
        use_glob: bool = False,
        impersonation_chain: Any = None,
        pause: float = 0.0,
    ) -> None:
        super().__init__()
        self.bucket = bucket
        self.object_name = object_name
        self.poke_interval = poke_interval
        self.google_cloud_conn_id = google_cloud_conn_id
        self.use_glob = use_glob
        self.impersonation_chain = impersonation_chain
        self.pause = pause

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return "tradewind_google.triggers.gcs.GCSBlobTrigger", dict(vars(self))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until it is there."""
        hook = GCSHook(self.google_cloud_conn_id, self.impersonation_chain)
        await pause(self.pause)
        while not await in_thread(lambda: is_there(hook, self.bucket, self.object_name, self.use_glob)):
            await pause(self.poke_interval)
        yield TriggerEvent({"status": "success"})


class GCSCheckBlobUpdateTimeTrigger(BaseTrigger):
    """Wait until an object was written after a moment; the event is `{"status": "success"}`.

    Arguments:
        bucket: in which bucket.
        object_name: its name.
        target_date: the moment.
        poke_interval: seconds between two looks.
        google_cloud_conn_id: the connection.
        impersonation_chain: the service account to act as.
        pause: seconds before the first look.
    """

    def __init__(
        self,
        *,
        bucket: str,
        object_name: str,
        target_date: datetime,
        poke_interval: float,
        google_cloud_conn_id: str = "google_cloud_default",
        impersonation_chain: Any = None,
        pause: float = 0.0,
    ) -> None:
        super().__init__()
        self.bucket = bucket
        self.object_name = object_name
        self.target_date = target_date
        self.poke_interval = poke_interval
        self.google_cloud_conn_id = google_cloud_conn_id
        self.impersonation_chain = impersonation_chain
        self.pause = pause

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return "tradewind_google.triggers.gcs.GCSCheckBlobUpdateTimeTrigger", dict(vars(self))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until it was."""
        hook = GCSHook(self.google_cloud_conn_id, self.impersonation_chain)
        await pause(self.pause)
        while not await in_thread(lambda: is_newer(hook, self.bucket, self.object_name, self.target_date)):
            await pause(self.poke_interval)
        yield TriggerEvent({"status": "success"})


class GCSPrefixBlobTrigger(BaseTrigger):
    """Wait until there are objects below a prefix; the event is `{"status": "success", "matches": [names]}`.

    Arguments:
        bucket: in which bucket.
        prefix: what they begin with.
        poke_interval: seconds between two looks.
        google_cloud_conn_id: the connection.
        impersonation_chain: the service account to act as.
        pause: seconds before the first look.
    """

    def __init__(
        self,
        *,
        bucket: str,
        prefix: str,
        poke_interval: float,
        google_cloud_conn_id: str = "google_cloud_default",
        impersonation_chain: Any = None,
        pause: float = 0.0,
    ) -> None:
        super().__init__()
        self.bucket = bucket
        self.prefix = prefix
        self.poke_interval = poke_interval
        self.google_cloud_conn_id = google_cloud_conn_id
        self.impersonation_chain = impersonation_chain
        self.pause = pause

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return "tradewind_google.triggers.gcs.GCSPrefixBlobTrigger", dict(vars(self))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there are."""
        hook = GCSHook(self.google_cloud_conn_id, self.impersonation_chain)
        await pause(self.pause)
        while True:
            names = await in_thread(lambda: hook.list(self.bucket, prefix=self.prefix))
            if names:
                break
            await pause(self.poke_interval)
        yield TriggerEvent({"status": "success", "matches": names})


def is_there(hook: GCSHook, bucket: str, name: str, use_glob: bool) -> bool:
    """Tell whether there is an object of a name, or of a pattern."""
    return bool(hook.list(bucket, match_glob=name, max_results=1)) if use_glob else hook.exists(bucket, name)


def is_newer(hook: GCSHook, bucket: str, name: str, moment: datetime) -> bool:
    """Tell whether an object was written after a moment; one that is not there was not."""
    try:
        return hook.is_updated_after(bucket, name, moment)
    except ObjectNotFoundException:
        return False
