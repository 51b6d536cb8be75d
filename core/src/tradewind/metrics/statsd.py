"""The StatsD exporter: lines over UDP, in names alone or with DogStatsD's tags, also under Airflow's names.

It is fire and forget, as StatsD is: no receiver is no error. The protocol is so small that a client library would only add a
dependency.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

from tradewind_plugins.contracts.metrics import MetricsBatch, MetricsExporter, MetricsSetup, Series

PACKET = 1432
"""Bytes of one datagram at most, so that it fits a frame of Ethernet with room for IPv6 and tunnels."""
TAGS = ("none", "dogstatsd")
_NO_NAME = re.compile(r"[^\w.\-]", re.ASCII)
_NO_TAG = re.compile(r"[,|:#\s]")


class StatsdExporter(MetricsExporter):
    """Sends each batch as datagrams.

    Arguments:
        host, port: of the receiver.
        prefix: of our names.
        airflow_prefix: of Airflow's names; empty sends none of them.
        has_tags: labels are sent as tags; else their values end the name.
    """

    def __init__(self, host: str, port: int, *, prefix: str, airflow_prefix: str, has_tags: bool) -> None:
        self._target = (host, port)
        self._prefix = f"{prefix}." if prefix else ""
        self._airflow_prefix = f"{airflow_prefix}." if airflow_prefix else ""
        self._has_tags = has_tags
        self._address: tuple[socket.AddressFamily, tuple[object, ...]] | None = None
        self._mouth: socket.socket | None = None

    @classmethod
    def open(cls, setup: MetricsSetup) -> StatsdExporter:
        """See `MetricsExporter.open`."""
        given = setup.settings
        if given["statsd_tags"] not in TAGS:
            raise ValueError(f"metrics.statsd_tags = {given['statsd_tags']!r}: write one of {', '.join(TAGS)}")
        return cls(
            given["statsd_host"],
            given["statsd_port"],
            prefix=given["statsd_prefix"],
            airflow_prefix=given["statsd_airflow_prefix"],
            has_tags=given["statsd_tags"] == "dogstatsd",
        )

    def emit(self, batch: MetricsBatch) -> None:
        """See `MetricsExporter.emit`."""
        mouth, address = self._open()
        for packet in packets(line for series in batch.series for line in self._lines(series)):
            try:
                mouth.sendto(packet, address)
            except BlockingIOError:
                return  # the machine's own queue is full: what is left of this batch is not worth a wait

    def close(self) -> None:
        """See `MetricsExporter.close`."""
        if self._mouth is not None:
            self._mouth.close()

    def _open(self) -> tuple[socket.socket, tuple[object, ...]]:
        """Look the receiver up at the first batch, and not in a daemon's start, which must not wait for a name server."""
        if self._mouth is None or self._address is None:
            family, kind, protocol, _, address = socket.getaddrinfo(*self._target, type=socket.SOCK_DGRAM)[0]
            self._mouth = socket.socket(family, kind, protocol)
            self._mouth.setblocking(False)
            self._address = (family, address)
        return self._mouth, self._address[1]

    def _lines(self, series: Series) -> Iterator[str]:
        if not series.is_alias_only:
            name = f"{self._prefix}{series.metric.name}"
            if self._has_tags:
                tags = ",".join(f"{label}:{_NO_TAG.sub('_', value)}" for label, value in series.labels.items())
                yield from values(name, series, f"|#{tags}" if tags else "")
            else:
                parts = [_NO_NAME.sub("_", value) for value in series.labels.values()]
                yield from values(".".join([name, *parts]), series, "")
        if self._airflow_prefix:
            for alias in series.aliases:
                yield from values(self._airflow_prefix + _NO_NAME.sub("_", alias), series, "")


def values(name: str, series: Series, tags: str) -> Iterator[str]:
    """Return the lines of one series under one name; nothing where nothing was counted."""
    if series.metric.kind == "counter":
        if series.increase:
            yield f"{name}:{series.increase:g}|c{tags}"
    elif series.metric.kind == "gauge":
        if series.value < 0:
            yield f"{name}:0|g{tags}"  # a sign would move it from where it stands
        yield f"{name}:{series.value:.12g}|g{tags}"
    else:
        kept = len(series.observed)
        rate = f"|@{kept / series.observed_count:.6g}" if kept < series.observed_count else ""
        for seconds in series.observed:
            yield f"{name}:{seconds * 1000:.6g}|ms{rate}{tags}"


def packets(lines: Iterator[str]) -> Iterator[bytes]:
    """Join lines to as few datagrams as they fit into; a line that fits none goes alone."""
    packet = b""
    for line in lines:
        data = line.encode()
        if packet and len(packet) + 1 + len(data) > PACKET:
            yield packet
            packet = b""
        packet = packet + b"\n" + data if packet else data
    if packet:
        yield packet
