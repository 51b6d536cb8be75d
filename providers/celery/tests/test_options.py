"""What the setting `executor.options` may have, and what is said of what it may not."""

from __future__ import annotations

import pytest
from tradewind_celery.app import make_app
from tradewind_celery.options import CeleryOptions, mask, shown
from tradewind_plugins.contracts.executor import ExecutorSetup
from tradewind_plugins.exceptions import TradewindConfigException

URL = "redis://me:pa%40ss@queue:6379/0"


def options(**given):
    setup = ExecutorSetup(name="CeleryExecutor", home="/home", slots=4, options={"broker_url": URL, **given})
    return CeleryOptions.of(setup)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"broker_url": None}, "null for broker_url, which is to be a text"),
        ({"broker_url": ""}, "needs the option broker_url"),
        ({"brocker_url": "redis://"}, "'brocker_url', which there is not; did you mean broker_url?"),
        ({"worker_concurrency": "4"}, "a text for worker_concurrency, which is to be a whole number or null"),
        ({"worker_concurrency": True}, "true or false for worker_concurrency"),
        ({"worker_concurrency": 0}, "0 for worker_concurrency, which is to be 1 or more"),
        ({"visibility_timeout": -1}, "-1 for visibility_timeout"),
        ({"default_queue": "a,b"}, "a default_queue that is empty or has a comma"),
        ({"ssl": {"ca": "x"}}, "'ca' in ssl; that holds paths by ca_file, cert_file, key_file"),
        ({"broker_url": "localhost:6379"}, "a broker_url without a scheme"),
        ({"broker_url": "redis://me:secret/word@queue/0"}, "a broker_url that cannot be taken apart"),
        ({"result_backend": "redis://:secret#word@queue:x/0"}, "a result_backend that cannot be taken apart"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(given, said):
    with pytest.raises(TradewindConfigException) as caught:
        options(**given)
    assert said in str(caught.value)
    assert "executor.options" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"worker_stat_db": "x"}, "Celery has no such setting; did you mean worker_state_db?"),
        ({"CELERYD_CONCURRENCY": 3}, "settings are written in small letters"),
        ({"broker_url": URL}, "that is the option broker_url"),
        ({"accept_content": ["pickle"]}, "that cannot be chosen"),
        ({"task_acks_late": False}, "that cannot be chosen"),
    ],
)
def test_settings_of_celery_are_checked_too(given, said):
    with pytest.raises(TradewindConfigException, match="celery_config") as caught:
        make_app(options(celery_config=given), sends=True)
    assert said in str(caught.value)


def test_a_broker_is_shown_without_its_login():
    assert shown(f"{URL};amqp://a:b@other//") == "redis://***@queue:6379/0;amqp://***@other//"
    assert shown("redis://queue/0?password=x") == "redis://queue/0"
    assert mask("refused pa@ss and pa%40ss", options()) == "refused *** and ***"
    assert "pa" not in repr(options(result_backend=URL)).replace("parrot", "")


def test_variables_of_somebodys_celery_are_not_ours(monkeypatch):
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://elsewhere/0")
    app = make_app(options(), sends=True)
    assert app.connection_for_write().hostname == app.connection_for_read().hostname == "queue"


def test_what_users_set_reaches_celery():
    given = {"task_queue_max_priority": 5, "broker_transport_options": {"priority_steps": [0, 3]}}
    app = make_app(options(celery_config=given, visibility_timeout=7, default_queue="d", ssl=True), sends=False)
    assert app.conf.task_queue_max_priority == 5
    assert app.conf.broker_transport_options["visibility_timeout"] == 7
    assert app.conf.broker_transport_options["priority_steps"] == [0, 3]
    assert app.conf.task_default_queue == "d"
    assert set(app.conf.broker_use_ssl) == {"ssl_cert_reqs"}
    assert app.conf.accept_content == ["json"]
