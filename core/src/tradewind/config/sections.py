"""The sections of `tradewind.toml` and every key in them, with types, defaults and one sentence each.

This module is the reference: `tradewind config list` and the generated documentation are made from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def option(default: Any, doc: str, *, secret: bool = False) -> Any:
    """Declare one key: its default, what it does in one sentence, and whether its value is never shown.

    A string default may name `{home}`, the folder TRADEWIND_HOME.
    """
    return dataclasses.field(default=default, metadata={"doc": doc, "secret": secret})


@dataclass(frozen=True)
class DatabaseSection:
    """The metadata database."""

    url: str = option("sqlite:///{home}/tradewind.db", "SQLAlchemy URL of the metadata database.", secret=True)
    listen_url: str = option(
        "",
        "URL for LISTEN, where database.url leads through a pooler that drops it; empty means database.url.",
        secret=True,
    )
    pool_size: int = option(5, "Connections that one process keeps at most.")
    connect_timeout: float = option(5.0, "Seconds in which a daemon's connection must come about.")
    answer_timeout: float = option(
        10.0,
        "Seconds that a daemon waits for the answer to one statement before it gives the connection up; 0: no end.",
    )
    prepared_statements: bool = option(
        True, "Let PostgreSQL keep plans of repeated statements; false behind a pooler that hands out transactions."
    )


@dataclass(frozen=True)
class RetentionSection:
    """How long `tradewind db clean` and the maintenance DAGs keep what is over. 0 says nothing about it."""

    dag_run: float = option(0.0, "Days after their end that runs stay, with their tasks, tries and XComs.")
    keep_runs: int = option(
        0, "Newest ended runs of each DAG that stay whatever their age; where no days are said, older ones go."
    )
    dags: tuple[str, ...] = option(
        (),
        "Other limits for runs of some DAGs, such as etl_*:keep_days=7 or audit:keep_runs=1000; the first that fits.",
    )
    dag: float = option(
        0.0, "Days after all that is theirs that DAGs stay listed which no file defines, with what they have left."
    )
    xcom: float = option(0.0, "Days that XComs of ended runs stay, where the runs stay longer.")
    dag_version: float = option(0.0, "Days that versions stay which no run and no DAG uses any more.")
    daemon: float = option(0.0, "Days after their end that daemons stay listed.")
    backfill: float = option(0.0, "Days after their end that backfills stay listed.")
    asset_event: float = option(0.0, "Days that events of assets stay which no DAG waits to take.")
    dag_file: float = option(0.0, "Days after their last import that files stay listed which are gone.")
    audit_event: float = option(0.0, "Days that entries of the audit log stay.")
    task_log: float = option(
        0.0,
        "Days after their last line that logs stay in the log folder whose runs are gone; others are never touched.",
    )


@dataclass(frozen=True)
class MaintenanceSection:
    """The DAGs that come with Tradewind and remove what is over. See docs/how-to/clean-up.md."""

    enabled: bool = option(False, "Load the maintenance DAGs, which run once a day.")
    keep_days: float = option(
        90.0, "Days that what is over stays where [retention] says nothing about it; 0: then it stays for ever."
    )
    limit: int = option(10_000, "Rows (of runs: runs) of one kind that one run of a maintenance DAG removes at most.")


@dataclass(frozen=True)
class DagsSection:
    """Where DAG files are, and how new DAGs begin."""

    folder: Path = option("{home}/dags", "Folder of DAG files.")
    load_examples: bool = option(False, "Also load the examples that come with Tradewind.")
    paused_at_creation: bool = option(True, "New DAGs start paused (`standalone` sets this to false).")
    conf_overrides_params: bool = option(True, "Values of a run's conf that are named as params take their place.")
    ignore_file_syntax: str = option("regexp", "Syntax of .airflowignore: `regexp` as in Airflow 2, or `glob`.")
    bundle_include: tuple[str, ...] = option(
        ("*.sql", "*.sh", "*.yaml", "*.yml", "*.json", "*.md", "*.txt", "*.csv", "*.j2"),
        "Patterns of files beside a DAG file that belong to its version.",
    )


@dataclass(frozen=True)
class ParsingSection:
    """The DAG processor."""

    file_timeout: float = option(50.0, "Seconds that the import of one file may take.")
    file_memory: int = option(2048, "MiB of address space that the import of one file may add.")
    notifications: bool = option(
        True,
        "Look at the DAG folder when the system tells of a change; false for a folder that other machines write to.",
    )
    scan_interval: float = option(0.5, "Seconds between two looks at the DAG folder where nothing tells of changes.")
    safety_interval: float = option(10.0, "Seconds between two looks where file notifications come: the safety net.")
    reparse_interval: float = option(
        300.0, "Seconds after which a file that reached outside while imported is read again."
    )
    enable_health_check: bool = option(False, "Answer health checks of the DAG processor over HTTP.")
    health_check_port: int = option(8975, "Port of the DAG processor's health check.")


@dataclass(frozen=True)
class SchedulerSection:
    """The scheduler's loop."""

    poll_interval: float = option(
        1.0, "Seconds between two looks while there is work and no wake-up arrives; where nothing happens, up to 5."
    )
    reconcile_interval: float = option(60.0, "Seconds between two recounts of the counters of unfinished runs.")
    admit_limit: int = option(500, "Task instances admitted in one transaction at most.")
    max_map_length: int = option(100_000, "Instances of a mapped task at most; one that would have more fails.")
    fast_follow: bool = option(
        True, "The end of a task starts what it made ready, in one transaction; false leaves that to the schedulers."
    )
    enable_health_check: bool = option(False, "Answer health checks of the scheduler over HTTP.")
    health_check_host: str = option("127.0.0.1", "Address that the health checks of all daemons listen on.")
    health_check_port: int = option(8974, "Port of the scheduler's health check.")
    start_worker: bool = option(True, "Start a local worker beside each scheduler when the executor is LocalExecutor.")


@dataclass(frozen=True)
class LeasesSection:
    """How long silence is tolerated. See docs/design/scheduling.md."""

    duration: float = option(10.0, "Seconds that a daemon's lease lasts.")
    renew_every: float = option(3.0, "Seconds between two renewals.")
    isolation_grace: float = option(600.0, "Seconds of mere silence after which a worker's tasks are given up.")
    stall_limit: float = option(
        20.0, "Seconds that the loop of a scheduler or processor may stand still before it ends itself; 0: no end."
    )
    margin: float = option(2.0, "Seconds before the end of the grace at which a cut-off worker kills its own tasks.")


@dataclass(frozen=True)
class ExecutorSection:
    """Who runs tasks that name no executor."""

    default: str = option("LocalExecutor", "Executor of tasks that name none.")
    queue: str = option("default", "Queue of tasks that name none.")
    slots: int = option(
        32, "Tasks that one local worker runs at once, or another executor that sets no limit of its own."
    )
    options: str = option(
        "",
        'JSON: what executors are made with, by their names, such as `{"CeleryExecutor": {"broker_url": "redis://queue/0"}}`.',
        secret=True,
    )
    enable_health_check: bool = option(False, "Answer health checks of the worker over HTTP.")
    health_check_port: int = option(8976, "Port of the worker's health check.")


@dataclass(frozen=True)
class WorkerSection:
    """A worker that reaches its tasks through the web server. See docs/how-to/run-workers-without-the-database.md."""

    server: str = option(
        "", "URL of the web server by which a worker does without the database; empty: it uses the database itself."
    )
    ca_file: str = option("", "File of certificates that the server's is checked against; empty: those of the system.")
    connect_timeout: float = option(5.0, "Seconds in which a connection to the server must come about.")
    answer_timeout: float = option(30.0, "Seconds that a worker waits for the server's answer to one call.")


@dataclass(frozen=True)
class ExecutionApiSection:
    """The calls by which workers do without the database. See docs/reference/execution-api.md."""

    secret: str = option(
        "",
        "Secret that workers and web servers share, at least 32 characters; of several, separated by commas, the first "
        "signs and all are accepted. Empty: the web server refuses these calls.",
        secret=True,
    )
    waiting: int = option(16, "Workers that wait for work at one web server at once; what is beyond asks again.")
    max_body: int = option(64, "MiB of one call's JSON at most.")
    max_value: int = option(1024, "MiB of one large XCom at most.")


@dataclass(frozen=True)
class TriggererSection:
    """Who runs what deferred tasks wait for."""

    capacity: int = option(10_000, "Triggers that one triggerer runs at once.")
    block_limit: float = option(
        1.0, "Seconds for which a trigger may block the loop that it shares before it gets a process of its own."
    )
    enable_health_check: bool = option(False, "Answer health checks of the triggerer over HTTP.")
    health_check_port: int = option(8977, "Port of the triggerer's health check.")


@dataclass(frozen=True)
class ExecutionSection:
    """Task processes."""

    isolation: str = option("fork", "`fork` from a parent that imported the DAG file, or `fresh`: import in each task.")
    parent_max_age: float = option(3600.0, "Seconds that a warm parent lives at most; never past local midnight.")
    max_parents: int = option(20, "Warm parents kept at most.")
    max_parents_memory: int = option(2048, "MiB (proportional set size) that warm parents may take together.")
    task_memory: int = option(0, "MiB that a task may add to the memory its process begins with; 0 sets no limit.")
    kill_delay: float = option(10.0, "Seconds between SIGTERM and SIGKILL for a task that must end.")
    venv_folder: Path = option(
        "{home}/venvs", "Folder of the virtual environments that tasks are given; it may be removed at any time."
    )
    max_xcom_inline: int = option(64, "KiB of JSON above which an XCom value goes to the XCom storage.")


@dataclass(frozen=True)
class CallbacksSection:
    """Callbacks of tasks and DAGs, which workers call. See docs/how-to/callbacks.md."""

    slots: int = option(4, "Callbacks that one worker calls at once, beside its tasks.")
    timeout: float = option(300.0, "Seconds after which a callback that is being called is ended.")
    attempts: int = option(5, "How often a callback that fails is called, with growing pauses, before it is given up.")


@dataclass(frozen=True)
class EmailSection:
    """Mails that tasks ask for by `email`. See docs/how-to/send-mail.md."""

    conn_id: str = option("smtp_default", "Connection to the mail server, of type smtp; it need not exist.")
    from_email: str = option("", "Sender of mails; empty means smtp.mail_from.")
    subject_template: str = option("", "File with the Jinja template of an alert's subject; empty means our own.")
    html_content_template: str = option("", "File with the Jinja template of an alert's body; empty means our own.")


@dataclass(frozen=True)
class SmtpSection:
    """The mail server, for what its connection does not say; login and password are the connection's only."""

    host: str = option("localhost", "Host of the mail server.")
    port: int = option(25, "Port of the mail server.")
    starttls: bool = option(True, "Encrypt by STARTTLS before anything is said.")
    ssl: bool = option(False, "Encrypt from the first byte, in place of STARTTLS.")
    timeout: float = option(30.0, "Seconds to wait for the mail server.")
    retry_limit: int = option(5, "Attempts to send a mail when the server cannot be reached or hangs up.")
    mail_from: str = option("tradewind@localhost", "Sender of mails, where nothing else is said.")


@dataclass(frozen=True)
class LogsSection:
    """Task logs and the daemons' own."""

    folder: Path = option("{home}/logs", "Folder of task logs.")
    store: str = option("file", "Log store that keeps the task logs.")
    location: str = option("", "Where that store keeps them: what the store asks for; empty means logs.folder.")
    level: str = option("INFO", "Level of the daemons' own log: DEBUG, INFO, WARNING or ERROR.")
    levels: tuple[str, ...] = option(
        (), "Levels of single loggers and those below them, such as tradewind.parsing=DEBUG."
    )
    format: str = option("text", "Lines of the daemons' own log: `text`, or `json`, one object a line.")
    rotate_size: int = option(0, "MiB at which a daemon's log file is put aside as .1, the older ones one up; 0 never.")
    rotate_daily: bool = option(False, "Also put it aside with the first line of a new day, in UTC.")
    rotate_keep: int = option(7, "Files put aside that are kept.")
    config: str = option(
        "", "Python's own logging configuration in place of the above: package.module:NAME, or a TOML or JSON file."
    )
    max_size: int = option(100, "MiB of log kept for one try; the rest is dropped with a notice.")


@dataclass(frozen=True)
class MetricsSection:
    """What the daemons measure and where it is sent. See docs/how-to/monitor.md."""

    exporters: tuple[str, ...] = option(
        (), "Metrics exporters: statsd, prometheus, otlp, or what a plugin declares; empty measures nothing."
    )
    interval: float = option(10.0, "Seconds between two batches that each daemon sends.")
    database_interval: float = option(20.0, "Seconds between two looks of a scheduler at queues, pools and daemons.")
    allow: tuple[str, ...] = option((), "Prefixes of names, ours or Airflow's, that are sent; empty sends all.")
    block: tuple[str, ...] = option((), "Prefixes of names, ours or Airflow's, that are not sent, even if allowed.")
    drop_labels: tuple[str, ...] = option((), "Labels left out of every metric, such as task_id where tasks are many.")
    max_series: int = option(1000, "Sets of labels told apart for one metric; what comes beyond counts as `other`.")
    statsd_host: str = option("localhost", "Host of the StatsD server.")
    statsd_port: int = option(8125, "UDP port of the StatsD server.")
    statsd_prefix: str = option("tradewind", "What StatsD names begin with.")
    statsd_airflow_prefix: str = option(
        "airflow", "What Airflow's names begin with, under which StatsD gets the same values; empty sends none of them."
    )
    statsd_tags: str = option("none", "`none`: the labels' values end the name; `dogstatsd`: they are tags.")
    prometheus_host: str = option("127.0.0.1", "Address on which Prometheus scrapes each daemon.")
    prometheus_port: int = option(
        9188, "Port of the scheduler's metrics; the worker's is the next, then the processor's."
    )
    otlp_endpoint: str = option("http://localhost:4318", "URL of the OpenTelemetry collector, OTLP over HTTP.")
    otlp_headers: tuple[str, ...] = option((), "Headers of each request to it, as name=value.", secret=True)
    otlp_encoding: str = option("json", "`json`, or `protobuf`, which needs the extra tradewind[otlp].")


@dataclass(frozen=True)
class WebSection:
    """The web server."""

    host: str = option("127.0.0.1", "Address to listen on.")
    port: int = option(8080, "Port to listen on.")
    base_url: str = option("", "URL under which people reach it, for links in mails; empty: made of host and port.")
    expose_config: str = option(
        "false",
        "Whether the REST API shows the configuration: `false`, `true` or `non-sensitive-only`; secrets are stars in each case.",
    )
    test_connection: bool = option(
        False, "Let people who may create connections have the REST API try one, in a process of its own."
    )
    threads: int = option(8, "Requests that one web server answers at once.")
    ssl_certificate: str = option("", "PEM file with the server's certificate; empty serves plain HTTP.")
    ssl_key: str = option("", "PEM file with the certificate's private key; empty: in the same file.")
    config_file: Path = option(
        "{home}/webserver_config.py",
        "Python file of Flask-AppBuilder's settings: how people log in. It need not exist.",
    )
    secret_key: str = option(
        "",
        "Key that signs cookies, the same on all web servers; empty means the key in TRADEWIND_HOME/web.key.",
        secret=True,
    )
    trusted_proxies: tuple[str, ...] = option(
        (), "Addresses or networks of proxies whose word counts on who is logged in and where a request comes from."
    )
    session_idle: float = option(480.0, "Minutes without a request after which one has to log in again.")
    session_lifetime: float = option(10_080.0, "Minutes after a login when one has to log in again in any case.")


@dataclass(frozen=True)
class SecuritySection:
    """Keys, passwords and API tokens."""

    fernet_key: str = option(
        "", "Fernet key for connections and variables; empty means the key in TRADEWIND_HOME/fernet.key.", secret=True
    )
    password_length: int = option(8, "Characters that a password has at least.")
    login_attempts: int = option(5, "Wrong passwords for one name, within the window, after which one has to wait.")
    login_attempts_address: int = option(50, "Wrong passwords from one address, within the window, for any names.")
    login_window: float = option(15.0, "Minutes for which a wrong password counts.")
    token_days: float = option(30.0, "Days that an API token is good for, where nothing else is said.")
    token_days_max: float = option(365.0, "Days that an API token may be good for at most.")


@dataclass(frozen=True)
class PluginsSection:
    """What is plugged in besides the installed distributions, and which of it is used."""

    modules: tuple[str, ...] = option((), "Modules with hooks that belong to no installed distribution.")
    secrets_backends: tuple[str, ...] = option(
        ("environment",),
        "Secrets backends that are asked for connections and variables, in their order; `database`, where it is named, has its "
        "place among them, and is the last otherwise.",
    )
    secrets_options: str = option(
        "",
        'JSON: what backends are made with, by their names, such as `{"file": {"connections_file_path": "/etc/shop.yaml"}}`.',
        secret=True,
    )
    secrets_cache_seconds: float = option(
        60.0, "Seconds for which the answer of a backend that is not on this machine counts; 0: it is asked each time."
    )
    xcom_storage: str = option("folder", "XCom storage of values above execution.max_xcom_inline.")
    xcom_location: str = option(
        "{home}/xcoms", "Where that storage keeps them: a folder, or what the storage asks for."
    )
    xcom_storages: str = option(
        "",
        "JSON: further XCom storages, by the names that DAGs, tasks and rules give them, such as "
        '`{"lake": {"storage": "s3", "location": "s3://bucket/xcoms"}}`; a location may name `{home}`.',
    )
    xcom_rules: str = option(
        "",
        "JSON: where values go whose task and DAG name no storage; the first rule that holds counts, and without one it is the "
        'storage above: `[{"type": "table", "storage": "lake"}, {"above": 1048576, "storage": "lake"}]` (`type` is `table` or '
        "`value`, `above` bytes).",
    )
    codec: str = option("auto", "JSON codec: `auto` is orjson where it is installed, else the standard one.")


@dataclass(frozen=True)
class Config:
    """The whole configuration, ready to use.

    Arguments:
        home: TRADEWIND_HOME, the folder of everything that is not said to be elsewhere.
        sources: where each value came from, by `section.key`; empty where nobody noted it.
    """

    home: Path
    database: DatabaseSection
    retention: RetentionSection
    maintenance: MaintenanceSection
    dags: DagsSection
    parsing: ParsingSection
    scheduler: SchedulerSection
    leases: LeasesSection
    executor: ExecutorSection
    worker: WorkerSection
    execution_api: ExecutionApiSection
    triggerer: TriggererSection
    execution: ExecutionSection
    callbacks: CallbacksSection
    email: EmailSection
    smtp: SmtpSection
    logs: LogsSection
    metrics: MetricsSection
    web: WebSection
    security: SecuritySection
    plugins: PluginsSection
    sources: Mapping[str, str] = dataclasses.field(default_factory=dict, compare=False, repr=False)


SECTIONS: dict[str, type[Any]] = {
    "database": DatabaseSection,
    "retention": RetentionSection,
    "maintenance": MaintenanceSection,
    "dags": DagsSection,
    "parsing": ParsingSection,
    "scheduler": SchedulerSection,
    "leases": LeasesSection,
    "executor": ExecutorSection,
    "worker": WorkerSection,
    "execution_api": ExecutionApiSection,
    "triggerer": TriggererSection,
    "execution": ExecutionSection,
    "callbacks": CallbacksSection,
    "email": EmailSection,
    "smtp": SmtpSection,
    "logs": LogsSection,
    "metrics": MetricsSection,
    "web": WebSection,
    "security": SecuritySection,
    "plugins": PluginsSection,
}
