"""`python -m services postgres`: run a service until Ctrl+C and print its URL."""

from __future__ import annotations

import contextlib
import signal
import sys

from services.started import SERVICES


def main(names: list[str]) -> int:
    """Run the named service until SIGINT or SIGTERM."""
    if len(names) != 1 or names[0] not in SERVICES:
        print(f"usage: nox -s services -- {{{','.join(SERVICES)}}}", file=sys.stderr)
        return 2
    with SERVICES[names[0]]() as url:
        print(url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    sys.exit(main(sys.argv[1:]))
