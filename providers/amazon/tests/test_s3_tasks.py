import asyncio
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tradewind_amazon.hooks.s3 import S3Hook
from tradewind_amazon.operators import s3 as operators
from tradewind_amazon.s3_looks import KeysWatch
from tradewind_amazon.sensors.s3 import S3KeySensor, S3KeySizeSensor, S3KeysUnchangedSensor, S3PrefixSensor
from tradewind_amazon.transfers.local_to_s3 import LocalFilesystemToS3Operator
from tradewind_amazon.triggers.s3 import S3KeysUnchangedTrigger, S3KeyTrigger
from tradewind_plugins.exceptions import TaskDeferred, TradewindException, TradewindSensorTimeout
from tradewind_plugins.threads import in_thread

pytestmark = pytest.mark.backed_by("emulator", "moto")


def run(operator, **arguments):
    return operator(task_id="t", **arguments).execute({})


def test_buckets_are_made_and_deleted_once(aws):
    for _ in range(2):
        run(operators.S3CreateBucketOperator, bucket_name="shop", region_name="eu-west-2")
        assert S3Hook().conn.get_bucket_location(Bucket="shop")["LocationConstraint"] == "eu-west-2"
    run(operators.S3CreateObjectOperator, s3_bucket="shop", s3_key="k", data="x")
    for _ in range(2):
        run(operators.S3DeleteBucketOperator, bucket_name="shop", force_delete=True)
        assert not S3Hook().check_for_bucket("shop")


def test_tags_go_round(aws, bucket):
    run(operators.S3PutBucketTaggingOperator, bucket_name=bucket, key="a", value="1", tag_set={"b": "2"})
    assert len(run(operators.S3GetBucketTaggingOperator, bucket_name=bucket)) == 2
    run(operators.S3DeleteBucketTaggingOperator, bucket_name=bucket)
    assert run(operators.S3GetBucketTaggingOperator, bucket_name=bucket) == []


def test_objects_are_made_copied_listed_and_deleted(aws, bucket):
    url = "s3://" + bucket
    run(operators.S3CreateObjectOperator, s3_key=url + "/a/1", data="text", encrypt=True)
    run(operators.S3CreateObjectOperator, s3_bucket=bucket, s3_key="a/2", data=b"\xff")
    with pytest.raises(ValueError, match="already"):
        run(operators.S3CreateObjectOperator, s3_bucket=bucket, s3_key="a/2", data="x")
    run(operators.S3CreateObjectOperator, s3_bucket=bucket, s3_key="a/2", data="x", replace=True, compression="gzip")
    run(operators.S3CopyObjectOperator, source_bucket_key=url + "/a/1", dest_bucket_key="b/3", dest_bucket_name=bucket)
    assert run(operators.S3ListOperator, bucket=bucket) == ["a/1", "a/2", "b/3"]
    assert run(operators.S3ListOperator, bucket=bucket, prefix="*/[13]", apply_wildcard=True) == ["a/1", "b/3"]
    assert run(operators.S3ListPrefixesOperator, bucket=bucket, prefix="", delimiter="/") == ["a/", "b/"]
    run(operators.S3DeleteObjectsOperator, bucket=bucket, keys=["a/1", "gone"])
    run(operators.S3DeleteObjectsOperator, bucket=bucket, prefix="b")
    run(operators.S3DeleteObjectsOperator, bucket=bucket, prefix="nothing")
    assert run(operators.S3ListOperator, bucket=bucket) == ["a/2"]


def test_objects_are_deleted_by_the_time_of_writing(aws, bucket):
    S3Hook().load_string("x", "k", bucket)
    past, future = datetime.now(timezone.utc) - timedelta(hours=1), datetime.now(timezone.utc) + timedelta(hours=1)
    run(operators.S3DeleteObjectsOperator, bucket=bucket, to_datetime=past.isoformat())
    run(operators.S3DeleteObjectsOperator, bucket=bucket, from_datetime=future.strftime("%Y-%m-%d %H:%M:%SZ"))
    assert S3Hook().check_for_key("k", bucket)
    run(operators.S3DeleteObjectsOperator, bucket=bucket, from_datetime=past.strftime("%Y-%m-%d"), to_datetime=future)
    assert not S3Hook().check_for_key("k", bucket)
    with pytest.raises(TradewindException, match="'soon' is not a date"):
        run(operators.S3DeleteObjectsOperator, bucket=bucket, from_datetime="soon")


@pytest.mark.parametrize("given", [{}, {"keys": "a", "prefix": "b"}])
def test_what_is_deleted_is_chosen_in_one_way(given):
    with pytest.raises(TradewindException, match="task 't': give keys, or a prefix"):
        run(operators.S3DeleteObjectsOperator, bucket="b", **given)


def test_a_local_file_is_stored(aws, bucket, tmp_path):
    (tmp_path / "a.txt").write_text("x")
    run(LocalFilesystemToS3Operator, filename=str(tmp_path / "a.txt"), dest_key="k", dest_bucket=bucket)
    assert S3Hook().read_key("k", bucket) == "x"
    with pytest.raises(ValueError, match="already"):
        run(LocalFilesystemToS3Operator, filename=str(tmp_path / "a.txt"), dest_key="k", dest_bucket=bucket)
    run(
        LocalFilesystemToS3Operator,
        filename=str(tmp_path / "a.txt"),
        dest_key=f"s3://{bucket}/k",
        replace=True,
        gzip=True,
        encrypt=True,
        acl_policy="private",
    )
    assert S3Hook().read_bytes("k", bucket).startswith(b"\x1f\x8b")


@pytest.fixture
def transform(bucket, tmp_path):
    S3Hook().load_string("words", "in", bucket)
    script = tmp_path / "upper.py"
    script.write_text(
        "import sys\nsource, target, *more = sys.argv[1:]\nprint('transforming')\n"
        "text = open(source).read().upper() + ''.join(more)\nopen(target, 'w').write(text)\n"
        "sys.exit(3 if 'fail' in more else 0)\n"
    )
    url = "s3://" + bucket
    return {"source_s3_key": url + "/in", "dest_s3_key": url + "/out", "transform_script": str(script)}


def test_a_program_transforms_an_object(aws, bucket, transform, caplog):
    with caplog.at_level("INFO"):
        run(operators.S3FileTransformOperator, script_args=["!"], **transform)
    assert S3Hook().read_key("out", bucket) == "WORDS!"
    assert "transforming" in caplog.text
    run(operators.S3FileTransformOperator, replace=True, **dict(transform, transform_script=None))
    assert S3Hook().read_key("out", bucket) == "words"


def test_a_program_that_fails_stores_nothing(aws, bucket, transform):
    with pytest.raises(TradewindException, match=r"upper.py exited with 3; it last said: transforming"):
        run(operators.S3FileTransformOperator, script_args=["fail"], **transform)
    assert not S3Hook().check_for_key("out", bucket)


def test_a_killed_transformation_ends_its_program(aws, bucket, transform, tmp_path):
    begun = threading.Event()
    script = Path(transform["transform_script"])
    script.write_text("import signal, sys\nprint('ready', flush=True)\nsignal.pause()\n")
    task = operators.S3FileTransformOperator(task_id="t", **transform)
    task.log.addFilter(lambda record: begun.set() or True)
    task.log.setLevel("INFO")
    killer = threading.Thread(target=lambda: begun.wait(30) and task.on_kill())
    killer.start()
    with pytest.raises(TradewindException, match="exited with -15"):
        task.execute({})
    killer.join()
    task.log.filters.clear()


def test_s3_select_is_refused():
    with pytest.raises(TradewindException, match="AWS closed S3 Select"):
        operators.S3FileTransformOperator(task_id="t", source_s3_key="a", dest_s3_key="b", select_expression="SELECT")


# --- sensors -------------------------------------------------------------------------------------------------------------


def sensor(kind=S3KeySensor, **arguments):
    return kind(task_id="t", timeout=0, poke_interval=0.01, **arguments)


def test_a_key_is_waited_for(aws, bucket):
    waiting = sensor(bucket_key=["s3://" + bucket + "/a", "s3://" + bucket + "/b"])
    S3Hook().load_string("x", "a", bucket)
    assert not waiting.poke({})
    with pytest.raises(TradewindSensorTimeout):
        waiting.execute({})
    S3Hook().load_string("x", "b", bucket)
    assert waiting.poke({})
    assert waiting.execute({}) is None
    with pytest.raises(TypeError, match="bucket_key 'a' is no URL"):
        sensor(bucket_key="a").poke({})


@pytest.mark.parametrize(
    ("arguments", "is_there"),
    [
        ({"bucket_key": "data/*.csv", "wildcard_match": True}, True),
        ({"bucket_key": "data/*.txt", "wildcard_match": True}, False),
        ({"bucket_key": r"data/\d+\.csv$", "use_regex": True}, True),
        ({"bucket_key": r"\d+\.csv$", "use_regex": True}, False),
    ],
)
def test_patterns_are_waited_for(aws, bucket, arguments, is_there):
    for number in (1, 22):
        S3Hook().load_string("x" * number, f"data/{number}.csv", bucket)
    assert sensor(bucket_name=bucket, **arguments).poke({}) is is_there


def test_a_function_checks_what_was_found(aws, bucket):
    seen = []

    def check(files, **context):
        seen.append((files, context))
        return len(files) > 1

    waiting = sensor(bucket_name=bucket, bucket_key="data/*", wildcard_match=True, check_fn=check)
    S3Hook().load_string("x", "data/1", bucket)
    assert not waiting.poke({"ds": "today"})
    S3Hook().load_string("xx", "data/2", bucket)
    assert waiting.poke({})
    assert seen[0] == ([{"Size": 1, "Key": "data/1"}], {"ds": "today"})
    plain = sensor(bucket_name=bucket, bucket_key="data/1", check_fn=lambda files: files[0]["ContentLength"] == 1)
    plain.metadata_keys = ["*"]
    assert plain.poke({})
    types = []
    wanted = {"metadata_keys": ["ContentType"], "check_fn": lambda files: not types.extend(files)}
    assert sensor(bucket_name=bucket, bucket_key="data/*", wildcard_match=True, **wanted).poke({})
    assert [sorted(each) for each in types] == [["ContentType"], ["ContentType"]]


def test_sizes_and_prefixes_are_waited_for(aws, bucket):
    S3Hook().load_string("", "data/empty", bucket)
    by_size = sensor(S3KeySizeSensor, bucket_name=bucket, bucket_key="data/empty")
    assert not by_size.poke({})
    S3Hook().load_string("x", "data/empty", bucket, replace=True)
    assert by_size.poke({})
    assert sensor(S3PrefixSensor, bucket_name=bucket, prefix="data").poke({})
    assert not sensor(S3PrefixSensor, bucket_name=bucket, prefix=["data", "other"]).poke({})


async def first(trigger):
    (payload,) = [event.payload async for event in trigger.run()]
    return payload


def fire(trigger, meanwhile=lambda: None):
    """Return the event of a trigger that is made again from what it says of itself."""
    path, arguments = trigger.serialize()
    again = getattr(sys.modules[path.rpartition(".")[0]], path.rpartition(".")[2])(**arguments)

    async def both():
        return (await asyncio.gather(first(again), in_thread(meanwhile)))[0]

    return asyncio.run(both())


def test_a_deferred_sensor_waits_in_a_trigger(aws, bucket):
    waiting = S3KeySensor(
        task_id="t",
        bucket_name=bucket,
        bucket_key="k",
        deferrable=True,
        poke_interval=0.01,
        check_fn=lambda files: files[0]["Size"] > 1,
    )
    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute({})
    trigger = deferred.value.trigger
    assert "hidden" not in repr(trigger)
    hook = S3Hook()
    assert fire(trigger, lambda: hook.load_string("x", "k", bucket)) == {"status": "success"}
    kwargs = deferred.value.kwargs
    with pytest.raises(TaskDeferred) as again:
        waiting.execute_complete({}, event={"status": "success"}, **kwargs)
    assert again.value.kwargs == kwargs
    assert again.value.timeout <= deferred.value.timeout
    hook.load_string("xx", "k", bucket, replace=True)
    assert waiting.execute_complete({}, event={"status": "success"}, **kwargs) is None
    assert waiting.execute({}) is None


def test_a_deferred_sensor_whose_time_is_over_gives_up(aws, bucket):
    waiting = S3KeySensor(task_id="t", bucket_name=bucket, bucket_key="k", deferrable=True, check_fn=bool, timeout=5)
    with pytest.raises(TradewindSensorTimeout):
        waiting.execute_complete({}, event={"status": "success"}, since=0.0)


def test_keys_that_stay_the_same():
    watch = KeysWatch(10, 2, ["a"], allow_delete=True)
    assert not watch.is_over(["a"], 100)
    assert not watch.is_over(["a"], 120)  # long enough, and too few
    assert not watch.is_over(["a", "b"], 130)
    assert not watch.is_over(["a", "b"], 139)
    assert not watch.is_over(["a", "c"], 139.5)
    assert watch.is_over(["a", "c"], 149.5)
    with pytest.raises(TradewindException, match="1 objects are gone between two looks, among them 'b'"):
        KeysWatch(10, 1, ["a", "b"], allow_delete=False).is_over(["a"], 0)


def test_an_upload_of_many_is_waited_for(aws, bucket):
    S3Hook().load_string("x", "in/1", bucket)
    arguments = {"bucket_name": bucket, "prefix": "in/", "inactivity_period": 0.05}
    assert S3KeysUnchangedSensor(task_id="t", poke_interval=0.01, **arguments).execute({}) is None
    with pytest.raises(TaskDeferred) as deferred:
        S3KeysUnchangedSensor(task_id="t", deferrable=True, poke_interval=0.01, **arguments).execute({})
    assert deferred.value.trigger.serialize()[1]["previous_objects"] == ["in/1"]
    assert fire(deferred.value.trigger) == {"status": "success"}
    S3Hook().delete_objects(bucket, "in/1")
    failing = S3KeysUnchangedTrigger(allow_delete=False, previous_objects=["in/1"], **arguments)
    event = fire(failing)
    with pytest.raises(TradewindException, match="'in/1'"):
        S3KeysUnchangedSensor(task_id="t", **arguments).execute_complete({}, event=event)


@pytest.mark.parametrize(
    ("given", "told"), [({"mode": "reschedule"}, "remembers"), ({"inactivity_period": -1}, "below 0")]
)
def test_what_cannot_be_waited_for_is_refused(given, told):
    with pytest.raises(TradewindException, match=told):
        S3KeysUnchangedSensor(task_id="t", bucket_name="b", prefix="p", **given)


def test_a_trigger_may_look_at_once(aws, bucket):
    S3Hook().load_string("x", "k", bucket)
    assert fire(S3KeyTrigger(bucket_name=bucket, bucket_key=["k"])) == {"status": "success"}
