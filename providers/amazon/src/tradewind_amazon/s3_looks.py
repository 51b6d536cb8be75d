"""What sensors and triggers look for in S3."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tradewind_plugins.exceptions import TradewindException

from tradewind_amazon.hooks.s3 import S3Hook, literal_part

__all__ = ["KeysWatch", "find_objects"]


class KeysWatch:
    """Tells from looks at keys whether they have stayed the same for a time.

    Arguments:
        period: how long, in seconds.
        least: how many keys there have to be.
        known: keys that were there before the first look.
        allow_delete: whether a key may go away.
        changed_at: when they changed last, in seconds since 1970; None for not known yet.
    """

    def __init__(
        self, period: float, least: int, known: Iterable[str], allow_delete: bool, changed_at: float | None = None
    ) -> None:
        self.known = frozenset(known)
        self.changed_at = changed_at
        self._period = period
        self._least = least
        self._allow_delete = allow_delete

    def is_over(self, keys: Iterable[str], now: float) -> bool:
        """Take a look and tell whether the wait is over.

        Raises:
            TradewindException: a key is gone, and none may.
        """
        found = frozenset(keys)
        gone = self.known - found
        if gone and not self._allow_delete:
            raise TradewindException(f"{len(gone)} objects are gone between two looks, among them {min(gone)!r}")
        if found != self.known or self.changed_at is None:
            self.known, self.changed_at = found, now
        return len(found) >= self._least and now - self.changed_at >= self._period


def find_objects(
    hook: S3Hook,
    keys: Sequence[str],
    *,
    bucket_name: str | None,
    wildcard_match: bool,
    use_regex: bool,
    metadata_keys: Sequence[str] | None = None,
) -> list[list[dict[str, Any]]] | None:
    """Return for each key what was found, or None where one of them has nothing."""
    found = []
    for key in keys:
        bucket, path = hook.get_s3_bucket_key(bucket_name, key, "bucket_name", "bucket_key")
        files = _found(hook, bucket, path, wildcard=wildcard_match, use_regex=use_regex, wanted=metadata_keys)
        if not files:
            return None
        found.append(files)
    return found


def _found(
    hook: S3Hook, bucket: str, path: str, *, wildcard: bool, use_regex: bool, wanted: Sequence[str] | None
) -> list[dict[str, Any]]:
    if not wildcard and not use_regex:
        head = hook.head_object(path, bucket)
        return [] if head is None else [_told(head, path, wanted)]
    pattern = re.compile(path) if use_regex else None
    told = []
    for each in hook.iter_file_metadata("" if use_regex else literal_part(path), bucket):
        key = each["Key"]
        if pattern.match(key) if pattern is not None else fnmatchcase(key, path):
            if wanted is None:
                return [{"Key": key}]  # one is enough for whoever asks no more
            needs_head = "*" in wanted or set(wanted) - set(each)
            told.append(_told((hook.head_object(key, bucket) or {}) if needs_head else each, key, wanted))
    return told


def _told(tells: Mapping[str, Any], key: str, wanted: Sequence[str] | None) -> dict[str, Any]:
    """Return what is wanted of what S3 tells, whether it told it in a list or of one object."""
    whole = {**tells, "Key": key}
    if "Size" not in whole and "ContentLength" in whole:
        whole["Size"] = whole["ContentLength"]
    if wanted is None or "*" in wanted:
        return whole
    return {name: whole.get(name) for name in wanted}
