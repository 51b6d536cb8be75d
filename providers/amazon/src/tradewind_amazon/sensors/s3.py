"""Sensors for S3."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.sensor import BaseSensor

from tradewind_amazon.hooks.s3 import S3Hook
from tradewind_amazon.s3_looks import KeysWatch, find_objects
from tradewind_amazon.triggers.s3 import S3KeysUnchangedTrigger, S3KeyTrigger

__all__ = ["S3KeySensor", "S3KeySizeSensor", "S3KeysUnchangedSensor", "S3PrefixSensor"]


class S3KeySensor(BaseSensor):
    """Wait until there are objects: each of the keys that are named.

    Arguments:
        bucket_key: a path in the bucket, or a URL `s3://bucket/path`; or a list of them, all of which are waited for
            (templated).
        bucket_name: the bucket of keys that are paths (templated).
        wildcard_match: whether keys are patterns with `*`, `?` and `[…]`.
        use_regex: whether keys are regular expressions that match the whole key from its beginning.
        check_fn: called with the list of what was found for a key, a dict each with `metadata_keys`; the wait is over
            when it returns True. One that takes keyword arguments (`**kwargs`) is given the context as well.
        metadata_keys: what `check_fn` is told: names as of `head_object`, `["*"]` for all; by default `Size` and `Key`.
        aws_conn_id: the connection.
        verify: whether certificates are checked, or a file of certificates.
        deferrable: whether the sensor gives its place up while it waits.
    """

    template_fields: Sequence[str] = ("bucket_key", "bucket_name")
    ui_color = "#f0e0c8"

    def __init__(
        self,
        *,
        bucket_key: str | list[str],
        bucket_name: str | None = None,
        wildcard_match: bool = False,
        check_fn: Callable[..., bool] | None = None,
        aws_conn_id: str | None = "aws_default",
        verify: bool | str | None = None,
        deferrable: bool = False,
        use_regex: bool = False,
        metadata_keys: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bucket_key = bucket_key
        self.bucket_name = bucket_name
        self.wildcard_match = wildcard_match
        self.check_fn = check_fn
        self.aws_conn_id = aws_conn_id
        self.verify = verify
        self.deferrable = deferrable
        self.use_regex = use_regex
        self.metadata_keys = metadata_keys or ["Size", "Key"]

    @property
    def hook(self) -> S3Hook:
        """A hook of the connection."""
        return S3Hook(self.aws_conn_id, verify=self.verify)

    def poke(self, context: Any) -> bool:
        """Tell whether all are there, and as `check_fn` wants them."""
        found = find_objects(self.hook, **self._search())
        return found is not None and all(self._is_right(files, context) for files in found)

    def _search(self) -> dict[str, Any]:
        keys = [self.bucket_key] if isinstance(self.bucket_key, str) else list(self.bucket_key)
        return {
            "keys": keys,
            "bucket_name": self.bucket_name,
            "wildcard_match": self.wildcard_match,
            "use_regex": self.use_regex,
            "metadata_keys": self.metadata_keys if self.check_fn else None,
        }

    def _is_right(self, files: list[dict[str, Any]], context: Any) -> bool:
        if self.check_fn is None:
            return True
        kinds = [each.kind for each in inspect.signature(self.check_fn).parameters.values()]
        takes_context = inspect.Parameter.VAR_KEYWORD in kinds
        return bool(self.check_fn(files, **(context if takes_context else {})))

    def execute(self, context: Any) -> Any:
        """Wait, in the task's place or in a trigger."""
        if not self.deferrable:
            return super().execute(context)
        if not self._look(context):
            self._wait(time.time())
        return None

    def _wait(self, since: float) -> None:
        left = self.timeout - (time.time() - since)
        if left <= 0:
            self._give_up(self.timeout)
        self.defer(
            trigger=S3KeyTrigger(
                bucket_name=self.bucket_name,
                bucket_key=self.bucket_key,
                wildcard_match=self.wildcard_match,
                use_regex=self.use_regex,
                aws_conn_id=self.aws_conn_id,
                verify=self.verify,
                poke_interval=self.poke_interval,
                pause=self.poke_interval,
            ),
            method_name="execute_complete",
            kwargs={"since": since},
            timeout=timedelta(seconds=left),
        )

    def execute_complete(self, context: Any, event: Any, since: float = 0.0) -> None:
        """Go on when all are there: look whether `check_fn` agrees, and wait again where it does not."""
        if self.check_fn is not None and not self._look(context):
            self._wait(since)


class S3KeySizeSensor(S3KeySensor):
    """Wait until there are objects that are not empty.

    Arguments:
        check_fn: another condition than that each has a size above 0, as of `S3KeySensor`.
        kwargs: as of `S3KeySensor`.
    """

    def __init__(self, *, check_fn: Callable[..., bool] | None = None, **kwargs: Any) -> None:
        super().__init__(check_fn=check_fn or _is_filled, **kwargs)


def _is_filled(files: Iterable[Mapping[str, Any]]) -> bool:
    return all(each["Size"] > 0 for each in files)


class S3PrefixSensor(BaseSensor):
    """Wait until there are objects below prefixes.

    Arguments:
        bucket_name: in which bucket (templated).
        prefix: one, or a list, all of which are waited for (templated).
        delimiter: where a prefix ends.
        aws_conn_id: the connection.
        verify: whether certificates are checked, or a file of certificates.
    """

    template_fields: Sequence[str] = ("prefix", "bucket_name")
    ui_color = "#f0e0c8"

    def __init__(
        self,
        *,
        bucket_name: str,
        prefix: str | list[str],
        delimiter: str = "/",
        aws_conn_id: str | None = "aws_default",
        verify: bool | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bucket_name = bucket_name
        self.prefix = prefix
        self.delimiter = delimiter
        self.aws_conn_id = aws_conn_id
        self.verify = verify

    def poke(self, context: Any) -> bool:
        """Tell whether each prefix has an object."""
        hook = S3Hook(self.aws_conn_id, verify=self.verify)
        prefixes = [self.prefix] if isinstance(self.prefix, str) else self.prefix
        return all(hook.check_for_prefix(each, self.delimiter, self.bucket_name) for each in prefixes)


class S3KeysUnchangedSensor(BaseSensor):
    """Wait until the objects below a prefix have stayed the same for a time: until an upload of many is over.

    Arguments:
        bucket_name: in which bucket (templated).
        prefix: below which prefix (templated).
        aws_conn_id: the connection.
        verify: whether certificates are checked, or a file of certificates.
        inactivity_period: how long, in seconds.
        min_objects: how many there have to be.
        previous_objects: the keys that are known before the first look.
        allow_delete: whether a key that goes away begins the time anew; else the task fails.
        deferrable: whether the sensor gives its place up while it waits.
    """

    template_fields: Sequence[str] = ("bucket_name", "prefix")
    ui_color = "#f0e0c8"

    def __init__(
        self,
        *,
        bucket_name: str,
        prefix: str,
        aws_conn_id: str | None = "aws_default",
        verify: bool | str | None = None,
        inactivity_period: float = 60 * 60,
        min_objects: int = 1,
        previous_objects: set[str] | None = None,
        allow_delete: bool = True,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if self.reschedule:
            raise TradewindException(
                f"task {self.task_id!r}: S3KeysUnchangedSensor remembers what it saw, so mode='reschedule' cannot be; "
                "deferrable=True gives the slot back"
            )
        if inactivity_period < 0:
            raise TradewindException(f"task {self.task_id!r}: inactivity_period is {inactivity_period}, below 0")
        self.bucket_name = bucket_name
        self.prefix = prefix
        self.aws_conn_id = aws_conn_id
        self.verify = verify
        self.inactivity_period = inactivity_period
        self.min_objects = min_objects
        self.previous_objects = set(previous_objects or ())
        self.allow_delete = allow_delete
        self.deferrable = deferrable
        self._watch: KeysWatch | None = None

    def poke(self, context: Any) -> bool:
        """Look, and tell whether nothing has changed for long enough."""
        if self._watch is None:
            self._watch = KeysWatch(self.inactivity_period, self.min_objects, self.previous_objects, self.allow_delete)
        keys = S3Hook(self.aws_conn_id, verify=self.verify).list_keys(self.bucket_name, prefix=self.prefix)
        return self._watch.is_over(keys, time.time())

    def execute(self, context: Any) -> Any:
        """Wait, in the task's place or in a trigger."""
        if not self.deferrable:
            return super().execute(context)
        if self._look(context) or self._watch is None:
            return None
        return self.defer(
            trigger=S3KeysUnchangedTrigger(
                bucket_name=self.bucket_name,
                prefix=self.prefix,
                inactivity_period=self.inactivity_period,
                min_objects=self.min_objects,
                previous_objects=sorted(self._watch.known),
                allow_delete=self.allow_delete,
                aws_conn_id=self.aws_conn_id,
                verify=self.verify,
                last_activity_time=self._watch.changed_at,
                poke_interval=self.poke_interval,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Any, event: Any) -> None:
        """End, as the trigger found."""
        if event["status"] != "success":
            raise TradewindException(event["message"])
