"""What a command raises to end with one line for people."""


class CommandError(Exception):
    """A command that cannot go on: the message is printed alone, and the process ends with `exit_code`."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
