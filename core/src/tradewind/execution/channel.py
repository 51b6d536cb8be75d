"""Messages over sockets: frames on a stream (a task's channel), packets with descriptors (zygote and parents)."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator, Sequence

from tradewind.execution.messages import Message, decode, encode

HEADER = struct.Struct("!I")
READ_SIZE = 262_144
PACKET_SIZE = 65_536
MOST_DESCRIPTORS = 4
LARGEST_FRAME = 64 << 20  # larger values go through the spool: what a task sends must not fill its supervisor's memory


class ChannelClosed(Exception):  # noqa: N818  (an end of the conversation, not an error of somebody)
    """The other side has closed its end."""


def frame(item: Message) -> bytes:
    """Return a message as it stands on a stream: its length in four bytes, then its JSON."""
    data = encode(item)
    return HEADER.pack(len(data)) + data


class ChannelLost(Exception):  # noqa: N818  (a state of affairs)
    """This process closed its own end: its descriptor is gone, or is something else by now."""


class Frames:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that are complete now that `data` has arrived.

        Raises:
            ValueError: what arrived is no message; nothing more can be read from this stream.
        """
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            (length,) = HEADER.unpack_from(self._buffer)
            if length > LARGEST_FRAME:
                raise ValueError(f"a message of {length} bytes was announced; the limit is {LARGEST_FRAME}")
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[HEADER.size : end])
            del self._buffer[:end]
            yield decode(body)


class Channel:
    """The blocking side of a stream: a task's process talking to its supervisor."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._frames = Frames()
        self._arrived: list[Message] = []
        self._identity = self._look()

    def send(self, item: Message) -> None:
        """Send a message.

        Raises:
            ChannelClosed: the supervisor is gone.
            ChannelLost: user code closed the descriptor. It may be a file or a connection of the user's by now, which
                must get none of our messages.
        """
        if self._look() != self._identity:
            raise ChannelLost(
                "this task's connection with its worker is closed: its code closed descriptors that it did not open"
            )
        try:
            self.sock.sendall(frame(item))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ChannelClosed from error

    def _look(self) -> tuple[int, int] | None:
        try:
            found = os.fstat(self.sock.fileno())
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def receive(self) -> Message:
        """Wait for the next message and return it.

        Raises:
            ChannelClosed: the supervisor is gone.
        """
        while not self._arrived:
            try:
                data = self.sock.recv(READ_SIZE)
            except ConnectionResetError as error:
                raise ChannelClosed from error
            if not data:
                raise ChannelClosed
            self._arrived.extend(self._frames.feed(data))
        return self._arrived.pop(0)


class Stream:
    """The non-blocking side of a stream: the supervisor talking to a task's process."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._frames = Frames()
        self._unsent = bytearray()
        self.is_open = True
        self.problem: ValueError | None = None

    def read(self) -> list[Message]:
        """Return the messages that have arrived.

        Clears `is_open` at the end of the stream; after something that is no message it is in `problem`.
        """
        found: list[Message] = []
        while self.is_open:
            try:
                data = self.sock.recv(READ_SIZE)
            except BlockingIOError:
                break
            except ConnectionResetError:
                data = b""
            if not data:
                self.is_open = False
                break
            try:
                found.extend(self._frames.feed(data))
            except ValueError as error:
                self.problem = error
                self.is_open = False
            if len(data) < READ_SIZE:
                break
        return found

    def write(self, item: Message) -> bool:
        """Send a message, or as much as fits; return whether some of it is left for `flush`."""
        self._unsent += frame(item)
        return self.flush()

    def flush(self) -> bool:
        """Send what is left; return whether something is still left."""
        try:
            while self._unsent:
                del self._unsent[: self.sock.send(self._unsent)]
        except BlockingIOError:
            return True
        except (BrokenPipeError, ConnectionResetError):
            self._unsent.clear()
        return bool(self._unsent)

    def close(self) -> None:
        """Close the socket."""
        self.is_open = False
        self.sock.close()


def packet_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets that keep the borders of messages and carry descriptors."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send_packet(sock: socket.socket, item: Message, descriptors: Sequence[int] = ()) -> None:
    """Send one message with descriptors; the sender closes its own copies.

    Raises:
        BlockingIOError: the socket is full.
        OSError: the other side is gone.
    """
    if descriptors:
        socket.send_fds(sock, [encode(item)], list(descriptors))
    else:
        sock.send(encode(item))


def receive_packet(sock: socket.socket) -> tuple[Message | None, list[int]]:
    """Return the next message and its descriptors (closed by an exec); None at the end.

    Raises:
        BlockingIOError: nothing is there, on a socket that does not block.
    """
    data, descriptors, _flags, _address = socket.recv_fds(sock, PACKET_SIZE, MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    return (decode(data) if data else None), descriptors
