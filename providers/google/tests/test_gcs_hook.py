import base64
import gzip
import hashlib
import json
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from google.api_core.exceptions import GoogleAPICallError
from google.auth.exceptions import GoogleAuthError
from tradewind_google.common.hooks.base_google import GoogleBaseHook
from tradewind_google.hooks.gcs import GCSHook, parse_gcs_url
from tradewind_google.operators.gcs import GCSCreateBucketOperator, GCSDeleteObjectsOperator, GCSFileTransformOperator
from tradewind_google.sensors.gcs import GCSObjectExistenceSensor, GCSObjectUpdateSensor
from tradewind_google.settings import GoogleSettings
from tradewind_google.stores.location import Location
from tradewind_google.stores.xcoms import GCSXComStorage
from tradewind_google.transfers.gcs_to_local import GCSToLocalFilesystemOperator
from tradewind_google.transfers.local_to_gcs import LocalFilesystemToGCSOperator
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import (
    ConnectionFailed,
    TradewindConfigException,
    TradewindException,
    TradewindNotFoundException,
)

pytestmark = pytest.mark.backed_by("emulator", "fake-gcs-server")


def settings(**fields):
    return GoogleSettings.of(Connection(conn_id="c", conn_type="google_cloud_platform", **fields))


def test_a_connection_says_how_to_log_in():
    extra = {
        "extra__google_cloud_platform__project": "shop",
        "extra__google_cloud_platform__key_path": "",
        "keyfile_dict": {"private_key": "hidden"},
        "impersonation_chain": "a@x, b@x",
        "num_retries": "0",
    }
    whole = settings(extra=extra)
    assert (whole.project, whole.key_path, whole.num_retries) == ("shop", None, 0)
    assert whole.impersonation_chain == ("a@x", "b@x")
    assert "hidden" in whole.secrets
    assert "hidden" not in repr(whole)
    assert settings(host="http://127.0.0.1", port=90).endpoint == "http://127.0.0.1:90"
    with pytest.raises(TradewindException, match="timeout in the extra of connection 'c' is 'soon'"):
        settings(extra={"timeout": "soon"})
    with pytest.raises(TradewindException, match="keyfile_dict in the extra of connection 'c' is not a JSON object"):
        _ = settings(extra={"keyfile_dict": "{"}).secrets


def test_a_key_that_cannot_be_used_names_the_connection_and_not_the_key(host, tmp_path):
    key = {"type": "service_account", "private_key": "hidden-key", "client_email": "a@x", "token_uri": "http://x"}
    for extra in ({"keyfile_dict": json.dumps(key)}, {"key_path": str(tmp_path / "gone.json")}):
        host.add_connection(Connection(conn_id="c", conn_type="google_cloud_platform", extra=json.dumps(extra)))
        with pytest.raises(ConnectionFailed, match=r"connection 'c' .*there is no login") as failed:
            GCSHook("c").list("shop")
        assert "hidden-key" not in str(failed.value)
    with pytest.raises(TradewindNotFoundException, match="'other'"):
        GCSHook("other").list("shop")


def test_without_a_connection_googles_own_order_holds(host, tmp_path, monkeypatch):
    key = {"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"}
    (tmp_path / "key.json").write_text(json.dumps(key))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "of-the-environment")
    hook = GoogleBaseHook(impersonation_chain=["a@x", "b@x"])
    assert hook.project_id == "of-the-environment"
    assert hook.get_credentials().service_account_email == "b@x"
    assert hook.num_retries == 5


@contextmanager
def answering(host, status):
    """Have the default connection lead to a server that answers all requests alike."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            body = json.dumps({"error": {"code": status, "message": "not today"}}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    for method in ("GET", "PUT", "POST", "DELETE"):
        setattr(Handler, "do_" + method, Handler.answer)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    extra = {"endpoint": f"http://127.0.0.1:{server.server_port}", "project": "p", "num_retries": 0}
    host.add_connection(
        Connection(conn_id="google_cloud_default", conn_type="google_cloud_platform", extra=json.dumps(extra))
    )
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "told"),
    [(401, "InvalidOperation|refused the request"), (403, "refused the request"), (429, "too busy"), (503, "too busy")],
)
def test_answers_to_us_name_the_connection(host, status, told):
    calls = [
        lambda: GCSHook().list("shop"),
        lambda: GCSHook().exists("shop", "k"),
        lambda: GCSHook().get_size("shop", "k"),
    ]
    if status != 401:  # without a login to renew, google-auth leaves the answer to a download open
        calls.append(lambda: GCSHook().download("shop", "k"))
        calls.append(lambda: GCSXComStorage("gs://shop?conn_id=google_cloud_default").get("k"))
    with answering(host, status):
        for call in calls:
            with pytest.raises(ConnectionFailed, match="connection 'google_cloud_default' .*(" + told + ")") as failed:
                call()
            assert isinstance(failed.value.__cause__, (GoogleAPICallError, GoogleAuthError))


def test_answers_about_a_thing_are_not_about_the_connection(google, bucket, tmp_path):
    hook = GCSHook()
    for call in (
        lambda: hook.download(bucket, "gone"),
        lambda: hook.download(bucket, "gone", str(tmp_path / "gone")),
        lambda: hook.get_size(bucket, "gone"),
        lambda: hook.delete(bucket, "gone"),
        lambda: hook.copy(bucket, "gone", destination_object="other"),
    ):
        with pytest.raises(TradewindNotFoundException, match="there is no object gs://" + bucket + "/gone"):
            call()
    with pytest.raises(GoogleAPICallError, match="404"):
        hook.list("not-there")


def test_testing_a_connection(google):
    assert GCSHook().test_connection() == (True, "Logged in to project shop")


def test_content_goes_up_and_comes_down(google, bucket, tmp_path):
    hook = GCSHook()
    (tmp_path / "a.txt").write_text("from a file")
    hook.upload(
        bucket, "file", str(tmp_path / "a.txt"), mime_type="text/csv", metadata={"m": "1"}, cache_control="no-store"
    )
    hook.upload(bucket, "text", data="grün", encoding="latin-1")
    hook.upload(bucket, "bytes", data=b"\x00\xff")
    assert hook.download(bucket, "file") == b"from a file"
    assert hook.download_as_byte_array(bucket, "text") == "grün".encode("latin-1")
    assert hook.download(bucket, "bytes", str(tmp_path / "b")) == str(tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"\x00\xff"
    blob = hook.get_bucket(bucket).get_blob("file")
    assert (blob.content_type, blob.metadata, blob.cache_control) == ("text/csv", {"m": "1"}, "no-store")
    with pytest.raises(TradewindException, match="filename or data"):
        hook.upload(bucket, "nothing")


def test_content_may_be_compressed(google, bucket, tmp_path):
    hook = GCSHook()
    (tmp_path / "a.txt").write_text("from a file")
    hook.upload(bucket, "file", str(tmp_path / "a.txt"), gzip=True)
    hook.upload(bucket, "data", data="text", gzip=True)
    for name, content in (("file", b"from a file"), ("data", b"text")):
        blob = hook.get_bucket(bucket).get_blob(name)
        assert blob.content_encoding == "gzip"
        assert gzip.decompress(blob.download_as_bytes(raw_download=True)) == content


def test_files_are_provided(google, bucket):
    hook = GCSHook()
    with hook.provide_file_and_upload(bucket, "a/b.txt") as file:
        file.write(b"hello")
    with hook.provide_file(bucket, "a/b.txt") as file:
        assert file.name.endswith("b.txt")
        assert file.read() == b"hello"


def test_objects_are_listed_and_told(google, bucket):
    hook, begun = GCSHook(), datetime.now(timezone.utc) - timedelta(minutes=1)
    for name in ("a/1.csv", "a/2.txt", "b/3.csv"):
        hook.upload(bucket, name, data="x", metadata={"of": name})
    assert hook.list(bucket) == ["a/1.csv", "a/2.txt", "b/3.csv"]
    assert hook.list(bucket, prefix="a/") == ["a/1.csv", "a/2.txt"]
    assert hook.list(bucket, prefix=["a/", "b/"], delimiter=".csv") == ["a/1.csv", "b/3.csv"]
    assert hook.list(bucket, max_results=1) == ["a/1.csv"]
    assert hook.list(bucket, match_glob="*.csv") == []
    assert hook.list(bucket, match_glob="**.csv", max_results=1) == ["a/1.csv"]
    assert hook.list(bucket, match_glob="?/[!2].{csv,txt}") == ["a/1.csv", "b/3.csv"]
    assert hook.list_by_timespan(bucket, begun, begun + timedelta(hours=1), prefix="b") == ["b/3.csv"]
    assert hook.list_by_timespan(bucket, begun - timedelta(hours=1), begun) == []
    assert hook.exists(bucket, "a/1.csv")
    assert not hook.exists(bucket, "a")
    assert hook.get_size(bucket, "a/1.csv") == 1
    assert hook.get_md5hash(bucket, "a/1.csv") == base64.b64encode(hashlib.md5(b"x").digest()).decode()  # noqa: S324
    assert len(base64.b64decode(hook.get_crc32c(bucket, "a/1.csv"))) == 4
    assert hook.get_metadata(bucket, "a/1.csv") == {"of": "a/1.csv"}


def test_times_of_writing_are_compared(google, bucket):
    hook = GCSHook()
    hook.upload(bucket, "k", data="x")
    written, second = hook.get_blob_update_time(bucket, "k"), timedelta(seconds=1)
    assert hook.is_updated_after(bucket, "k", (written - second).replace(tzinfo=None))
    assert not hook.is_updated_after(bucket, "k", written)
    assert hook.is_updated_before(bucket, "k", written + second)
    assert hook.is_updated_between(bucket, "k", written, written + second)
    assert not hook.is_older_than(bucket, "k", 3600)


def test_objects_are_copied_joined_and_deleted(google, bucket):
    hook = GCSHook()
    for name in ("a", "b"):
        hook.upload(bucket, name, data=name)
    hook.copy(bucket, "a", destination_object="c")
    hook.compose(bucket, ["a", "b"], "joined")
    assert (hook.download(bucket, "c"), hook.download(bucket, "joined")) == (b"a", b"ab")
    with pytest.raises(ValueError, match="copied onto itself"):
        hook.rewrite(bucket, "a", bucket)
    with pytest.raises(ValueError, match="joins 1 to 32 objects, not 0"):
        hook.compose(bucket, [], "joined")
    hook.delete(bucket, "c")
    hook.discard(bucket, "c")
    assert hook.list(bucket) == ["a", "b", "joined"]


def test_folders_are_made_alike(google, bucket):
    hook = GCSHook()
    for name, text in (("in/1", "1"), ("in/2", "2"), ("in/deep/3", "3"), ("out/2", "old"), ("out/9", "extra")):
        hook.upload(bucket, name, data=text)
    hook.sync(bucket, bucket, "in", "out", recursive=False)
    assert hook.list(bucket, prefix="out/") == ["out/1", "out/2", "out/9"]
    assert hook.download(bucket, "out/2") == b"old"
    hook.sync(bucket, bucket, "in", "out", allow_overwrite=True, delete_extra_files=True)
    assert hook.list(bucket, prefix="out/") == ["out/1", "out/2", "out/deep/3"]
    assert hook.download(bucket, "out/2") == b"2"
    with pytest.raises(ValueError, match="lie in one another"):
        hook.sync(bucket, bucket, "in", "in/deep")


def test_buckets_come_and_go(google):
    hook = GCSHook()
    for _ in range(2):
        GCSCreateBucketOperator(
            task_id="t", bucket_name="made-here", storage_class="STANDARD", location="EU", labels={"a": "b"}
        ).execute({})
    assert hook.has_bucket("made-here")
    hook.upload("made-here", "k", data="x")
    hook.delete_bucket("made-here", force=True)
    hook.delete_bucket("made-here")
    assert not hook.has_bucket("made-here")


def test_urls_are_taken_apart():
    assert parse_gcs_url("gs://b/a/c") == ("b", "a/c")
    with pytest.raises(TradewindException, match="write gs://bucket/object"):
        parse_gcs_url("s3://b/a")


# --- tasks ---------------------------------------------------------------------------------------------------------------


def test_what_is_deleted_is_chosen_in_one_way(google, bucket):
    for given in ({}, {"objects": ["a"], "prefix": "b"}):
        with pytest.raises(TradewindException, match="task 't': give objects, or a prefix"):
            GCSDeleteObjectsOperator(task_id="t", bucket_name=bucket, **given).execute({})
    GCSHook().upload(bucket, "a", data="x")
    GCSDeleteObjectsOperator(task_id="t", bucket_name=bucket, objects=["a", "gone"]).execute({})
    assert GCSHook().list(bucket) == []


def test_a_program_that_fails_stores_nothing(google, bucket, tmp_path):
    GCSHook().upload(bucket, "in", data="words")
    script = tmp_path / "upper.py"
    script.write_text(
        "import sys\nopen(sys.argv[-1], 'w').write(open(sys.argv[-2]).read().upper())\nsys.exit(len(sys.argv) - 3)\n"
    )
    place = {"source_bucket": bucket, "source_object": "in", "destination_object": "out"}
    with pytest.raises(TradewindException, match="exited with 1"):
        GCSFileTransformOperator(task_id="t", transform_script=[str(script), "more"], **place).execute({})
    assert not GCSHook().exists(bucket, "out")
    GCSFileTransformOperator(task_id="t", transform_script=str(script), **place).execute({})
    assert GCSHook().download(bucket, "out") == b"WORDS"


def test_local_files_go_up_and_come_down(google, bucket, tmp_path):
    for name in ("1.csv", "2.csv"):
        (tmp_path / name).write_text(name)
    pattern = str(tmp_path / "*.csv")
    LocalFilesystemToGCSOperator(task_id="t", src=pattern, dst="in/", bucket=bucket, mime_type="text/csv").execute({})
    assert GCSHook().list(bucket) == ["in/1.csv", "in/2.csv"]
    with pytest.raises(TradewindException, match="2 files need a folder, dst='in/'"):
        LocalFilesystemToGCSOperator(task_id="t", src=pattern, dst="in", bucket=bucket).execute({})
    with pytest.raises(FileNotFoundError, match="there is no file"):
        LocalFilesystemToGCSOperator(task_id="t", src=str(tmp_path / "gone"), dst="in", bucket=bucket).execute({})
    down = {"task_id": "t", "bucket": bucket, "object_name": "in/1.csv"}
    GCSToLocalFilesystemOperator(filename=str(tmp_path / "again"), **down).execute({})
    assert (tmp_path / "again").read_text() == "1.csv"
    with pytest.raises(TradewindException, match="filename or store_to_xcom_key, not both"):
        GCSToLocalFilesystemOperator(filename="a", store_to_xcom_key="b", **down)


def test_sensors_look_for_patterns_and_moments(google, bucket):
    GCSHook().upload(bucket, "in/1.csv", data="x")
    for pattern, is_there in (("in/*.csv", True), ("in/*.txt", False)):
        sensor = GCSObjectExistenceSensor(task_id="t", bucket=bucket, object=pattern, use_glob=True)
        assert sensor.poke({}) is is_there
    future = datetime.now(timezone.utc) + timedelta(days=1)
    sensor = GCSObjectUpdateSensor(task_id="t", bucket=bucket, object="in/1.csv", ts_func=lambda context: future)
    assert not sensor.poke({})


def test_a_location_says_where_and_how(google):
    one = Location.parse("gs://b/c?project=p&endpoint=http://e&pause=2", "gs", "x", ("pause",))
    assert (one.name, one.prefix, one.settings.project, one.settings.endpoint) == ("b", "c/", "p", "http://e")
    assert Location.parse("gs://b?conn_id=google_cloud_default", "gs", "x").settings.project == "shop"
    with pytest.raises(TradewindConfigException, match="write gs://name/prefix"):
        Location.parse("s3://b", "gs", "x")


def test_a_bucket_that_is_not_there_is_no_missing_value(google, gcs_url):
    with pytest.raises(GoogleAPICallError):
        GCSXComStorage("gs://not-there?endpoint=" + gcs_url).put("k", b"x")
