"""An interpreter for one try: `python -m tradewind.execution.fresh CHANNEL LOG`, the numbers of two open descriptors."""

from __future__ import annotations

import sys

from tradewind.execution import child, task_log
from tradewind.execution.nest import leave_process
from tradewind.execution.task_run import own_process


def main(channel: int, log: int) -> int:
    """Run the try that the channel's first message names; return the exit code."""
    own_process()
    task_log.settle()
    child.settle()
    return child.live(child.greet(channel), log)


if __name__ == "__main__":
    leave_process(main(int(sys.argv[1]), int(sys.argv[2])))
