"""The commands, and where each is."""

from __future__ import annotations

# Group -> one line of help. Each has a module of the same name, dashes as underscores, in the package below; it has
# `configure(parser)`, which sets `run` to the function that does it.
GROUPS = {
    "standalone": "run everything on this machine: processor, scheduler, worker, triggerer and web server",
    "scheduler": "run a scheduler (any number may run at once)",
    "worker": "run the tasks of the local executor",
    "triggerer": "run what deferred tasks wait for",
    "dag-processor": "read DAG files and store what they declare",
    "webserver": "serve the web page and /health",
    "dags": "list, trigger, pause, test DAGs",
    "tasks": "states and logs of task instances",
    "why": "why a DAG, a run or a task does not run, in one sentence",
    "holds": "keep a DAG, a run or a task from starting",
    "drains": "have workers finish what they have, and take nothing new",
    "backfill": "runs over a range of past dates",
    "assets": "data that DAGs make and wait for",
    "callbacks": "callbacks of tasks and DAGs that wait or failed",
    "deadlines": "time limits of runs and tasks, missed and to come",
    "connections": "how to reach other systems",
    "variables": "named values that DAGs read",
    "pools": "limits shared by tasks",
    "users": "who can log in, and their roles",
    "roles": "what users may do",
    "tokens": "API tokens: what programs say who they are with",
    "sync-perm": "give the built-in roles what they give in this release",
    "db": "create, migrate, clean and check the metadata database",
    "rotate-fernet-key": "encrypt all connections and variables with the newest key",
    "providers": "installed providers and what they bring",
    "status": "daemons, what is at work, what waits and why",
    "jobs": "which daemons live: list and check",
    "plugins": "installed plugins and what they declare",
    "config": "the configuration and where each value comes from",
    "doctor": "look for what is wrong, and say what mends it",
    "explain": "what an error means and what to do, by the id in brackets behind it",
    "info": "this installation: versions, places, tools",
    "cheat-sheet": "every command with its first line",
    "completion": "complete commands and names with the Tab key",
    "version": "print the version",
}


# Group -> the package of its module, for those that are not in `commands`
_PACKAGES = {
    "standalone": "daemons",
    "scheduler": "daemons",
    "worker": "daemons",
    "triggerer": "daemons",
    "dag-processor": "daemons",
    "webserver": "daemons",
    "dags": "dags",
    "tasks": "tasks",
    "backfill": "backfill",
    "assets": "assets",
    "connections": "connections",
    "db": "database",
    "providers": "installation",
    "plugins": "installation",
    "config": "installation",
    "doctor": "installation",
    "info": "installation",
    "version": "installation",
    "explain": "help",
    "cheat-sheet": "help",
    "completion": "help",
}


def module_of(group: str) -> str:
    """Return the name of a group's module."""
    return f"tradewind.cli.{_PACKAGES.get(group, 'commands')}.{group.replace('-', '_')}"
