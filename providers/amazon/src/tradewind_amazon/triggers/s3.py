"""What deferred tasks wait for in S3."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.threads import in_thread, pause
from tradewind_plugins.triggers import BaseTrigger, TriggerEvent

from tradewind_amazon.hooks.s3 import S3Hook
from tradewind_amazon.s3_looks import KeysWatch, find_objects

__all__ = ["S3KeyTrigger", "S3KeysUnchangedTrigger"]


class S3KeyTrigger(BaseTrigger):
    """Wait until there are objects; the event is `{"status": "success"}`.

    Arguments:
        bucket_name: the bucket of keys that are paths.
        bucket_key: a key or a URL, or a list of them, all of which are waited for.
        wildcard_match: whether keys are patterns.
        use_regex: whether keys are regular expressions.
        aws_conn_id: the connection.
        verify: whether certificates are checked, or a file of certificates.
        poke_interval: seconds between two looks.
        pause: seconds before the first look.
    """

    def __init__(
        self,
        *,
        bucket_name: str | None,
        bucket_key: str | Sequence[str],
        wildcard_match: bool = False,
        aws_conn_id: str | None = "aws_default",
        poke_interval: float = 5.0,
        verify: bool | str | None = None,
        use_regex: bool = False,
        pause: float = 0.0,
    ) -> None:
        super().__init__()
        self.bucket_name = bucket_name
        self.bucket_key = bucket_key
        self.wildcard_match = wildcard_match
        self.aws_conn_id = aws_conn_id
        self.poke_interval = poke_interval
        self.verify = verify
        self.use_regex = use_regex
        self.pause = pause

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return "tradewind_amazon.triggers.s3.S3KeyTrigger", dict(vars(self))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until all are there."""
        hook = S3Hook(self.aws_conn_id, verify=self.verify)
        await pause(self.pause)
        while not await in_thread(lambda: self._look(hook)):
            await pause(self.poke_interval)
        yield TriggerEvent({"status": "success"})

    def _look(self, hook: S3Hook) -> bool:
        keys = [self.bucket_key] if isinstance(self.bucket_key, str) else list(self.bucket_key)
        return (
            find_objects(
                hook, keys, bucket_name=self.bucket_name, wildcard_match=self.wildcard_match, use_regex=self.use_regex
            )
            is not None
        )


class S3KeysUnchangedTrigger(BaseTrigger):
    """Wait until the objects below a prefix have stayed the same for a time.

    The event is `{"status": "success"}`, or `{"status": "error", "message": …}` where a key is gone that may not.

    Arguments:
        bucket_name: in which bucket.
        prefix: below which prefix.
        inactivity_period: how long, in seconds.
        min_objects: how many there have to be.
        previous_objects: the keys that were there at the last look.
        allow_delete: whether a key may go away.
        aws_conn_id: the connection.
        verify: whether certificates are checked, or a file of certificates.
        last_activity_time: when the keys changed last, in seconds since 1970; None for not known yet.
        poke_interval: seconds between two looks.
    """

    def __init__(
        self,
        *,
        bucket_name: str,
        prefix: str,
        inactivity_period: float = 60 * 60,
        min_objects: int = 1,
        previous_objects: Sequence[str] = (),
        allow_delete: bool = True,
        aws_conn_id: str | None = "aws_default",
        verify: bool | str | None = None,
        last_activity_time: float | None = None,
        poke_interval: float = 5.0,
    ) -> None:
        super().__init__()
        self.bucket_name = bucket_name
        self.prefix = prefix
        self.inactivity_period = inactivity_period
        self.min_objects = min_objects
        self.previous_objects = list(previous_objects)
        self.allow_delete = allow_delete
        self.aws_conn_id = aws_conn_id
        self.verify = verify
        self.last_activity_time = last_activity_time
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return "tradewind_amazon.triggers.s3.S3KeysUnchangedTrigger", dict(vars(self))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until nothing has changed for long enough."""
        watch = KeysWatch(
            self.inactivity_period, self.min_objects, self.previous_objects, self.allow_delete, self.last_activity_time
        )
        hook = S3Hook(self.aws_conn_id, verify=self.verify)
        while True:
            keys = await in_thread(lambda: hook.list_keys(self.bucket_name, prefix=self.prefix))
            try:
                if watch.is_over(keys, time.time()):
                    break
            except TradewindException as error:
                yield TriggerEvent({"status": "error", "message": str(error)})
                return
            await pause(self.poke_interval)
        yield TriggerEvent({"status": "success"})
