"""The table of operations: what can be done, and which permissions each needs. API, UI and command line go by it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

READ, EDIT, CREATE, DELETE, MENU = "can_read", "can_edit", "can_create", "can_delete", "menu_access"
ACTIONS = (READ, EDIT, CREATE, DELETE, MENU)

AUDIT_LOGS = "Audit Logs"
CLUSTER = "Cluster Activity"
CONFIGURATIONS = "Configurations"
CONNECTIONS = "Connections"
DAGS = "DAGs"
DAG_CODE = "DAG Code"
DAG_RUNS = "DAG Runs"
DAG_WARNINGS = "DAG Warnings"
DATASETS = "Datasets"
IMPORT_ERRORS = "ImportError"
JOBS = "Jobs"
PERMISSIONS = "Permissions"
PLUGINS = "Plugins"
POOLS = "Pools"
PROVIDERS = "Providers"
ROLES = "Roles"
TASK_INSTANCES = "Task Instances"
TASK_LOGS = "Task Logs"
TOKENS = "Tokens"
USERS = "Users"
VARIABLES = "Variables"
XCOMS = "XComs"

# Resource -> what begins the name of the same resource of one DAG only
OF_ONE_DAG = {DAGS: "DAG:", DAG_RUNS: "DAG Run:"}


class Permission(NamedTuple):
    """An action on a resource, such as `can_read` on `DAGs`, or on `DAG:reports`."""

    action: str
    resource: str


class Scope(Enum):
    """What an operation is about."""

    CLUSTER = "cluster"  # no DAG
    DAG = "dag"  # the one DAG that the argument `dag_id` names
    DAGS = "dags"  # all DAGs that the caller may see; or the one that `dag_id` names, if it is given


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be done.

    Arguments:
        name: `noun.verb`; scopes of tokens are patterns of these names.
        summary: one sentence, for the reference and the API's document.
        needs: permissions, all of which are needed; none only where `is_open`.
        scope: what it is about.
        is_audited: whether the audit log tells of it: whatever changes something does.
        is_open: whether people who have not logged in may do it.
    """

    name: str
    summary: str
    needs: tuple[Permission, ...]
    scope: Scope = Scope.CLUSTER
    is_audited: bool = False
    is_open: bool = False

    def __post_init__(self) -> None:
        """Refuse an operation that nobody would need a permission for and that is not said to be open."""
        if not self.needs and not self.is_open:
            raise ValueError(f"The operation {self.name} needs no permission: name one, or say that it is open.")


def _needs(action: str, resource: str, *others: tuple[str, str]) -> tuple[Permission, ...]:
    return (Permission(action, resource), *(Permission(*each) for each in others))


_DAG = Scope.DAG
_DAGS = Scope.DAGS
_READ_DAG = _needs(READ, DAGS)
_EDIT_DAG = _needs(EDIT, DAGS)
_READ_RUN = _needs(READ, DAGS, (READ, DAG_RUNS))
_EDIT_RUN = _needs(EDIT, DAGS, (EDIT, DAG_RUNS))
_READ_TASK = _needs(READ, DAGS, (READ, DAG_RUNS), (READ, TASK_INSTANCES))
_EDIT_TASK = _needs(EDIT, DAGS, (READ, DAG_RUNS), (EDIT, TASK_INSTANCES))
_READ_DATASET = _needs(READ, DATASETS)

_OPERATIONS = (
    # The server
    Operation("health.get", "Tell how the database and the daemons are.", (), is_open=True),
    Operation("version.get", "Tell the version of this server.", (), is_open=True),
    Operation("config.list", "Show the configuration, secrets masked.", _needs(READ, CONFIGURATIONS)),
    Operation("config.get", "Show one option of the configuration.", _needs(READ, CONFIGURATIONS)),
    Operation("plugins.list", "List the plugins installed on the server.", _needs(READ, PLUGINS)),
    Operation("providers.list", "List the providers installed on the server.", _needs(READ, PROVIDERS)),
    Operation("jobs.list", "List the daemons and which of them live.", _needs(READ, JOBS)),
    Operation("cluster.get", "Show what is at work, what waits and which daemons live.", _needs(READ, CLUSTER)),
    Operation("drains.list", "List the hosts that drain.", _needs(READ, JOBS)),
    Operation(
        "drains.start", "Have workers finish what they have and take nothing new.", _needs(EDIT, JOBS), is_audited=True
    ),
    Operation("drains.end", "Have workers that drain take tasks again.", _needs(EDIT, JOBS), is_audited=True),
    # Connections, variables, pools
    Operation("connections.list", "List connections, without their passwords.", _needs(READ, CONNECTIONS)),
    Operation("connections.get", "Show a connection, without its password.", _needs(READ, CONNECTIONS)),
    Operation("connections.explain", "Show where a connection is found, and where not.", _needs(READ, CONNECTIONS)),
    Operation("connections.create", "Create a connection.", _needs(CREATE, CONNECTIONS), is_audited=True),
    Operation("connections.change", "Change a connection.", _needs(EDIT, CONNECTIONS), is_audited=True),
    Operation("connections.delete", "Delete a connection.", _needs(DELETE, CONNECTIONS), is_audited=True),
    Operation(
        "connections.test", "Try a connection, in a process of its own.", _needs(CREATE, CONNECTIONS), is_audited=True
    ),
    Operation("variables.list", "List variables.", _needs(READ, VARIABLES)),
    Operation("variables.get", "Show a variable.", _needs(READ, VARIABLES)),
    Operation("variables.explain", "Show where a variable is found, and where not.", _needs(READ, VARIABLES)),
    Operation("variables.create", "Create a variable.", _needs(CREATE, VARIABLES), is_audited=True),
    Operation("variables.change", "Change a variable.", _needs(EDIT, VARIABLES), is_audited=True),
    Operation("variables.delete", "Delete a variable.", _needs(DELETE, VARIABLES), is_audited=True),
    Operation("pools.list", "List pools and who takes their slots.", _needs(READ, POOLS)),
    Operation("pools.get", "Show a pool and who takes its slots.", _needs(READ, POOLS)),
    Operation("pools.create", "Create a pool.", _needs(CREATE, POOLS), is_audited=True),
    Operation("pools.change", "Change a pool.", _needs(EDIT, POOLS), is_audited=True),
    Operation("pools.delete", "Delete a pool.", _needs(DELETE, POOLS), is_audited=True),
    # DAGs
    Operation("dags.list", "List DAGs.", _READ_DAG, _DAGS),
    Operation("dags.get", "Show a DAG.", _READ_DAG, _DAG),
    Operation("dags.details", "Show all that is known of a DAG.", _READ_DAG, _DAG),
    Operation("dags.change", "Pause or unpause a DAG.", _EDIT_DAG, _DAG, is_audited=True),
    Operation("dags.change_all", "Pause or unpause all DAGs that a pattern finds.", _EDIT_DAG, _DAGS, is_audited=True),
    Operation("dags.delete", "Delete a DAG with its runs.", _needs(DELETE, DAGS), _DAG, is_audited=True),
    Operation("dags.next_runs", "Show the runs that a DAG's schedule makes next.", _READ_DAG, _DAG),
    Operation("dags.unpause_preview", "Show which runs unpausing a DAG would make.", _READ_DAG, _DAG),
    Operation("dags.draw", "Draw the graph of a DAG.", _needs(READ, DAGS, (READ, TASK_INSTANCES)), _DAG),
    Operation(
        "dags.dependencies",
        "List which DAGs trigger, await, clear or feed which.",
        _needs(READ, DAGS, (READ, TASK_INSTANCES)),
        _DAGS,
    ),
    Operation("dags.stats", "Count runs by DAG and state.", _READ_RUN, _DAGS),
    Operation("dags.parse", "Have a DAG file read again, now.", _EDIT_DAG, _DAG, is_audited=True),
    Operation("dag_sources.get", "Show the source of a DAG file.", _needs(READ, DAGS, (READ, DAG_CODE)), _DAG),
    Operation("dag_versions.list", "List the versions of a DAG.", _READ_DAG, _DAG),
    Operation(
        "dag_versions.get", "Show a version of a DAG with its sources.", _needs(READ, DAGS, (READ, DAG_CODE)), _DAG
    ),
    Operation(
        "dag_versions.compare", "Show what differs between two versions.", _needs(READ, DAGS, (READ, DAG_CODE)), _DAG
    ),
    Operation("tasks.list", "List the tasks of a DAG.", _needs(READ, DAGS, (READ, TASK_INSTANCES)), _DAG),
    Operation("tasks.get", "Show a task of a DAG.", _needs(READ, DAGS, (READ, TASK_INSTANCES)), _DAG),
    Operation("import_errors.list", "List errors of DAG files.", _needs(READ, DAGS, (READ, IMPORT_ERRORS)), _DAGS),
    Operation("import_errors.get", "Show the error of a DAG file.", _needs(READ, DAGS, (READ, IMPORT_ERRORS)), _DAGS),
    Operation(
        "dag_files.list",
        "List DAG files with the seconds that their import took.",
        _needs(READ, DAGS, (READ, IMPORT_ERRORS), (READ, DAG_WARNINGS)),
        _DAGS,
    ),
    Operation("dag_warnings.list", "List warnings about DAGs.", _needs(READ, DAGS, (READ, DAG_WARNINGS)), _DAGS),
    # Runs
    Operation("runs.list", "List runs.", _READ_RUN, _DAGS),
    Operation("runs.get", "Show a run.", _READ_RUN, _DAG),
    Operation("runs.trigger", "Make a run, now.", _needs(EDIT, DAGS, (CREATE, DAG_RUNS)), _DAG, is_audited=True),
    Operation("runs.delete", "Delete a run.", _needs(EDIT, DAGS, (DELETE, DAG_RUNS)), _DAG, is_audited=True),
    Operation("runs.clear", "Have the tasks of a run go again.", _EDIT_RUN, _DAG, is_audited=True),
    Operation(
        "runs.mark", "Say that a run has succeeded or failed, or queue it again.", _EDIT_RUN, _DAG, is_audited=True
    ),
    Operation("runs.note", "Write the note of a run.", _EDIT_RUN, _DAG, is_audited=True),
    Operation("runs.prioritise", "Change the priority of a run's tasks.", _EDIT_RUN, _DAG, is_audited=True),
    Operation("runs.wait", "Follow a run until it ends.", _READ_RUN, _DAG),
    Operation("runs.change_all", "Mark, clear or delete many runs at once.", _EDIT_RUN, _DAG, is_audited=True),
    Operation(
        "runs.dataset_events",
        "List the events that made a run.",
        _needs(READ, DAGS, (READ, DAG_RUNS), (READ, DATASETS)),
        _DAG,
    ),
    # Task instances
    Operation("task_instances.list", "List task instances.", _READ_TASK, _DAGS),
    Operation("task_instances.get", "Show a task instance.", _READ_TASK, _DAG),
    Operation("task_instances.tries", "List the tries of a task instance.", _READ_TASK, _DAG),
    Operation("task_instances.dependencies", "Tell what a task instance waits for.", _READ_TASK, _DAG),
    Operation("task_instances.links", "List the links that a task's operator gives.", _READ_TASK, _DAG),
    Operation("task_instances.log", "Read the log of a try.", (*_READ_TASK, Permission(READ, TASK_LOGS)), _DAG),
    Operation("task_instances.clear", "Have task instances go again.", _EDIT_TASK, _DAG, is_audited=True),
    Operation("task_instances.mark", "Say how task instances have ended.", _EDIT_TASK, _DAG, is_audited=True),
    Operation("task_instances.note", "Write the note of a task instance.", _EDIT_TASK, _DAG, is_audited=True),
    Operation("xcoms.list", "List XComs.", (*_READ_TASK, Permission(READ, XCOMS)), _DAGS),
    Operation("xcoms.get", "Show an XCom.", (*_READ_TASK, Permission(READ, XCOMS)), _DAG),
    Operation("why.get", "Say in one sentence why something does not run.", _READ_TASK, _DAG),
    # Holds and backfills
    Operation("holds.list", "List what is held, since when and why.", _READ_DAG, _DAGS),
    Operation("holds.add", "Keep a DAG, a run or a task from starting.", _EDIT_DAG, _DAG, is_audited=True),
    Operation("holds.release", "Let go on what was held.", _EDIT_DAG, _DAG, is_audited=True),
    Operation("backfills.list", "List backfills.", _READ_RUN, _DAGS),
    Operation("backfills.get", "Show a backfill with its dates.", _READ_RUN, _DAG),
    Operation(
        "backfills.create",
        "Have runs made over a range of dates.",
        _needs(EDIT, DAGS, (CREATE, DAG_RUNS)),
        _DAG,
        is_audited=True,
    ),
    Operation("backfills.change", "Pause, continue or cancel a backfill.", _EDIT_RUN, _DAG, is_audited=True),
    # Deadlines and callbacks
    Operation("deadlines.list", "List deadlines of runs, those missed and those to come.", _READ_RUN, _DAGS),
    Operation("callbacks.list", "List callbacks that are still owed.", _READ_TASK, _DAGS),
    Operation("callbacks.retry", "Have callbacks called again that were given up.", _EDIT_TASK, _DAGS, is_audited=True),
    Operation("callbacks.discard", "Let go of callbacks that were given up.", _EDIT_TASK, _DAGS, is_audited=True),
    # Datasets
    Operation("datasets.list", "List datasets.", _READ_DATASET),
    Operation("datasets.get", "Show a dataset.", _READ_DATASET),
    Operation("datasets.events", "List the events of datasets.", _READ_DATASET),
    Operation("datasets.watchers", "List the watchers of datasets.", _READ_DATASET),
    Operation("datasets.create_event", "Say that a dataset has changed.", _needs(CREATE, DATASETS), is_audited=True),
    Operation("datasets.queued", "List the events of a dataset that wait for others.", _READ_DATASET),
    Operation(
        "datasets.drop_queued",
        "Forget the events of a dataset that wait for others.",
        _needs(DELETE, DATASETS),
        is_audited=True,
    ),
    Operation(
        "dags.queued_events",
        "List the dataset events that a DAG has got and waits with.",
        _needs(READ, DAGS, (READ, DATASETS)),
        _DAG,
    ),
    Operation(
        "dags.drop_queued_events",
        "Forget dataset events that a DAG waits with.",
        _needs(READ, DAGS, (DELETE, DATASETS)),
        _DAG,
        is_audited=True,
    ),
    # Who may do what
    Operation("users.list", "List users.", _needs(READ, USERS)),
    Operation("users.get", "Show a user.", _needs(READ, USERS)),
    Operation("users.create", "Create a user.", _needs(CREATE, USERS), is_audited=True),
    Operation("users.change", "Change a user.", _needs(EDIT, USERS), is_audited=True),
    Operation("users.delete", "Delete a user.", _needs(DELETE, USERS), is_audited=True),
    Operation("roles.list", "List roles with their permissions.", _needs(READ, ROLES)),
    Operation("roles.get", "Show a role with its permissions.", _needs(READ, ROLES)),
    Operation("roles.create", "Create a role.", _needs(CREATE, ROLES), is_audited=True),
    Operation("roles.change", "Change a role.", _needs(EDIT, ROLES), is_audited=True),
    Operation("roles.delete", "Delete a role.", _needs(DELETE, ROLES), is_audited=True),
    Operation("roles.change_all", "Create, change or delete many roles at once.", _needs(EDIT, ROLES), is_audited=True),
    Operation("roles.sync", "Write the permissions of the built-in roles anew.", _needs(EDIT, ROLES), is_audited=True),
    Operation("permissions.list", "List the actions that permissions are made of.", _needs(READ, PERMISSIONS)),
    Operation("tokens.list", "List API tokens: one's own, or those of others.", _needs(READ, TOKENS)),
    Operation(
        "tokens.create", "Make an API token, for oneself or for others.", _needs(CREATE, TOKENS), is_audited=True
    ),
    Operation(
        "tokens.revoke", "Revoke an API token, of one's own or of others.", _needs(DELETE, TOKENS), is_audited=True
    ),
    Operation(
        "event_logs.list", "List what was done, by whom and when.", _needs(READ, DAGS, (READ, AUDIT_LOGS)), _DAGS
    ),
    Operation("event_logs.get", "Show one entry of the audit log.", _needs(READ, DAGS, (READ, AUDIT_LOGS)), _DAGS),
)

TABLE = {each.name: each for each in _OPERATIONS}
if len(TABLE) != len(_OPERATIONS):
    raise ValueError("Two operations have the same name.")
