"""What people who mean no good, and broken clients, send to a web server: bytes, half requests, floods, odd JSON."""

from __future__ import annotations

import json
import random
import socket
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

SECONDS = 10.0  # for one answer
HUGE = 1 << 34
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW", "")
NASTY = ("\x00", "../../etc/passwd", "%00", "%ff", "'; DROP TABLE dag; --", "\u202e", "🜏", "a" * 9000, "~", "-1", "NaN")


@dataclass(frozen=True)
class Target:
    """The server that is attacked.

    Arguments:
        host, port: where it listens.
        login: the value of a header `Authorization` that it accepts.
        paths: of its API, with examples for their parameters, by method.
    """

    host: str
    port: int
    login: str
    paths: tuple[tuple[str, str], ...]


def connect(target: Target) -> socket.socket:
    """Return a connection to the server."""
    return socket.create_connection((target.host, target.port), timeout=SECONDS)


def answer_of(connection: socket.socket) -> int | None:
    """Return the status of what the server answers, None where it hangs up without a word."""
    first = b""
    while b"\r\n" not in first and (data := connection.recv(4096)):
        first += data
    words = first.split(b" ", 2)
    return int(words[1]) if first.startswith(b"HTTP/") else None


def send_noise(target: Target, rng: random.Random) -> int | None:
    """Bytes that are no HTTP, or hardly."""
    with connect(target) as connection:
        begin = rng.choice(
            (b"", b"GET ", b"GET / HTTP/1.1\r\n", b"POST /api/v1/pools HTTP/1.1\r\nHost: x\r\n", b"\x16\x03\x01")
        )
        connection.sendall(begin + rng.randbytes(rng.randrange(1, 4000)) + b"\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        return answer_of(connection)


def send_odd_head(target: Target, rng: random.Random) -> int | None:
    """A request whose method, path or headers are odd."""
    path = "/" + "/".join(
        quote(rng.choice(NASTY)) if rng.random() < 0.5 else word(rng) for _ in range(rng.randrange(6))
    )
    headers = {word(rng): rng.choice(NASTY).replace("\x00", "0") for _ in range(rng.randrange(30))}
    lines = [f"{rng.choice(METHODS)} {path} HTTP/1.{rng.randrange(3)}", f"Host: {target.host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if rng.random() < 0.5:
        lines.append(f"Authorization: {rng.choice((target.login, 'Basic !!!', 'Bearer ' + word(rng), 'Basic YTpi'))}")
    with connect(target) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return answer_of(connection)


def send_huge(target: Target, rng: random.Random) -> int | None:
    """A body that is said to be huge, or comes in chunks without end, until the server has had enough."""
    said = f"Content-Length: {HUGE}" if rng.random() < 0.5 else "Transfer-Encoding: chunked"
    head = f"{post_head(target)}{said}\r\n\r\n"
    with connect(target) as connection:
        connection.sendall(head.encode())
        try:
            for _ in range(rng.randrange(1, 100)):
                connection.sendall(b"10000\r\n" + b"[" * 65_536 + b"\r\n")
        except OSError:
            return None  # it hung up, and rightly so
        connection.shutdown(socket.SHUT_WR)
        return answer_of(connection)


def post_head(target: Target) -> str:
    """Return the beginning of a request that the server would take."""
    return (
        f"POST /api/v1/pools HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: {target.login}\r\n"
    )


def send_half(target: Target, rng: random.Random) -> int | None:
    """A request that ends in the middle."""
    body = json.dumps({"name": word(rng), "slots": 1})
    whole = f"{post_head(target)}Content-Length: {len(body)}\r\n\r\n{body}".encode()
    with connect(target) as connection:
        connection.sendall(whole[: rng.randrange(1, len(whole))])
    return None


def send_broken_json(target: Target, rng: random.Random) -> int | None:
    """A request to the API by somebody who may do everything, with JSON that is broken, deep, huge or of wrong types."""
    method, path = rng.choice(target.paths)
    body = rng.choice((_broken, _deep, _odd))(rng)
    query = f"?{quote(word(rng))}={quote(rng.choice(NASTY))}" if rng.random() < 0.3 else ""
    head = (
        f"{method} {path}{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Authorization: {target.login}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with connect(target) as connection:
        connection.sendall(head.encode() + body)
        return answer_of(connection)


def _broken(rng: random.Random) -> bytes:
    whole = bytearray(json.dumps({"name": word(rng), "slots": 3, "conf": {"a": [1, 2, {"b": None}]}}).encode())
    for _ in range(rng.randrange(1, 8)):
        whole[rng.randrange(len(whole))] = rng.randrange(256)
    return bytes(whole)


def _deep(rng: random.Random) -> bytes:
    depth = rng.choice((30, 50, 2_000, 200_000))
    return b'{"conf": ' + b'{"a": ' * depth + b"1" + b"}" * depth + b"}"


def _odd(rng: random.Random) -> bytes:
    names = ("name", "slots", "conf", "dag_run_id", "logical_date", "state", "key", "value", "is_paused", word(rng))
    return json.dumps({name: _value(rng, 3) for name in rng.sample(names, rng.randrange(1, len(names)))}).encode()


def _value(rng: random.Random, depth: int) -> Any:
    leaves: tuple[Callable[[], Any], ...] = (
        lambda: rng.choice(NASTY),
        lambda: rng.randrange(-(10**30), 10**30),
        lambda: rng.random() * 10**300,
        lambda: rng.choice((None, True, False, [], {}, "", "2026-13-45T99:99:99", "9999-12-31T23:59:59+14:00")),
    )
    if depth and rng.random() < 0.3:
        return {word(rng): _value(rng, depth - 1) for _ in range(rng.randrange(4))}
    if depth and rng.random() < 0.2:
        return [_value(rng, depth - 1) for _ in range(rng.randrange(20))]
    return rng.choice(leaves)()


def word(rng: random.Random) -> str:
    """Return a short word of letters."""
    return "".join(rng.choices(string.ascii_letters, k=rng.randrange(1, 12)))


ATTACKS = (send_noise, send_odd_head, send_huge, send_half, send_broken_json, send_broken_json, send_broken_json)
