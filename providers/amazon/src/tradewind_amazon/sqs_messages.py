"""Which messages of a queue sensor and trigger of SQS want."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindException

from tradewind_amazon.hooks.sqs import SqsHook

__all__ = ["check_filter", "receive"]

jsonpath_ng = lazy_client("jsonpath_ng", distribution="tradewind-amazon[jsonpath]")


def check_filter(where: str, kind: str | None, values: Any, config: Any) -> None:
    """Refuse a filter that cannot work.

    Raises:
        TradewindException: it is of no kind there is, or lacks what its kind needs.
    """
    if kind not in (None, "literal", "jsonpath"):
        raise TradewindException(f"{where}: message_filtering is 'literal' or 'jsonpath', not {kind!r}")
    if kind == "literal" and values is None:
        raise TradewindException(f"{where}: message_filtering='literal' needs message_filtering_match_values")
    if kind == "jsonpath" and not config:
        raise TradewindException(f"{where}: message_filtering='jsonpath' needs the path in message_filtering_config")


def receive(hook: SqsHook, search: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return messages that are wanted; the others are seen again in the queue when their time-out is over.

    Arguments:
        hook: asks.
        search: the arguments of the sensor, by name.
    """
    found: list[dict[str, Any]] = []
    for _ in range(search["num_batches"]):
        batch = hook.receive_messages(
            search["sqs_queue"], search["max_messages"], search["wait_time_seconds"], search["visibility_timeout"]
        )
        found += [each for each in batch if _is_wanted(each["Body"], search)]
    return found


def _is_wanted(body: str, search: Mapping[str, Any]) -> bool:
    kind, values = search["message_filtering"], search["message_filtering_match_values"]
    if kind is None:
        return True
    if kind == "literal":
        return body in _plain(values)
    try:
        content = json.loads(body)
    except ValueError:
        return False
    matches = [each.value for each in jsonpath_ng.parse(search["message_filtering_config"]).find(content)]
    return bool(matches) if values is None else any(each in _plain(values) for each in matches)


def _plain(values: Any) -> Sequence[Any]:
    return [values] if isinstance(values, str) else list(values)
