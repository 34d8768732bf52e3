"""Web and workers on machines of their own: they share PostgreSQL, Redis and a bucket, and nothing else.

Both are started by the commands of the units in examples/deploy.
"""

import json
import secrets
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from examples.campus import oulad
from flask_certify.core.children import last_words, start_tied, stop
from flask_certify.core.embedded import valkey_program
from tests.support import machines, postgres, units
from tests.support.machines import Machine
from tests.support.mail_server import free_port

LONGEST = 120  # seconds
RUN = oulad.SHIPPED_RUN
MAKE_BUCKET = """
import boto3, time
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
client = boto3.client("s3", config=Config(retries={"max_attempts": 1}))
for _ in range(300):  # it takes a while to start
    try:
        client.create_bucket(Bucket="certs")
        break
    except EndpointConnectionError:
        time.sleep(0.1)
else:
    raise SystemExit("the bucket did not start")
"""


@dataclass(frozen=True)
class Site:
    """The machines by name, what all of them are told, and where the pages are."""

    machines: Mapping[str, Machine]
    environ: Mapping[str, str]
    address: str

    def flask(self, machine: str, *words: str) -> str:
        return self.machines[machine].run(
            sys.executable, "-m", "flask", "--app", "examples.campus", *words, environ=self.environ
        )


@contextmanager
def shared(hub: Machine, folder: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL, Valkey and a bucket on one machine: how the others reach them."""
    with ExitStack() as running, postgres.folder() as home, postgres.reachable_programs() as programs:
        ports = {name: free_port() for name in ("postgres", "valkey", "bucket")}
        database = postgres.start(home, programs, address=hub.address, port=ports["postgres"], through=hub.prefix)
        running.callback(database.stop)
        valkey = ["--bind", hub.address, "--port", str(ports["valkey"]), "--protected-mode", "no", "--save", ""]
        bucket = ["-m", "moto.server", "-H", hub.address, "-p", str(ports["bucket"])]
        for command in ([str(valkey_program()), *valkey], [sys.executable, *bucket]):
            process = start_tied([*hub.prefix, *command], on_owner_death=signal.SIGKILL, log=folder / "shared.log")
            running.callback(stop, process, signal.SIGTERM)
        yield {
            "SQLALCHEMY_DATABASE_URI": f"postgresql+psycopg://postgres@{hub.address}:{ports['postgres']}/postgres",
            "CERTIFY_REDIS_URL": f"redis://{hub.address}:{ports['valkey']}/0",
            "CERTIFY_FILES": "s3://certs/campus",
            "AWS_ENDPOINT_URL_S3": f"http://{hub.address}:{ports['bucket']}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    names = ("shared", "web", "issuing", "packing", "visitor")
    with ExitStack() as running:
        made = running.enter_context(machines.switched(tmp_path, names))
        reached = running.enter_context(shared(made["shared"], tmp_path))
        environ = reached | {
            "FLASK_APP": "examples.campus",
            "CERTIFY_PUBLIC_URL": "https://certs.example.org",
            "CERTIFY_MASTER_KEY": "1:" + secrets.token_hex(32),
        }

        def told(machine: str) -> dict[str, str]:
            return environ | {"CAMPUS_VAR": str(made[machine].disk / "campus")}

        made["web"].run(sys.executable, "-c", MAKE_BUCKET, environ=environ)
        opened = ["-m", "flask", "--app", "examples.campus", "campus", "load", str(oulad.SHIPPED)]
        made["web"].run(sys.executable, *opened, environ=told("web"))

        port = free_port()
        address = f"http://{made['web'].address}:{port}"
        serving = {"WEB_BIND": f"{made['web'].address}:{port}", "WEB_APP": "examples.campus:create_app()"}
        web = made["web"].start(*units.command("certify-web", serving), environ=told("web"))
        running.callback(stop, web, signal.SIGTERM)
        for name, lanes in (("issuing", "issuing,messages"), ("packing", "bundles")):
            work = units.command("certify-worker@", {"WORKERS": "1", "WORKER_QUEUES": lanes})
            worker = made[name].start(*work, environ=told(name))
            running.callback(stop, worker, signal.SIGTERM, 60)
        yield Site(made, told("web"), address)


def status(site: Site) -> dict:
    """Of the whole, asked on the web's machine. It ends with 1 while anything is stuck."""
    ask = "import sys; from flask.cli import main; sys.argv[0] = 'flask'\ntry: main()\nexcept SystemExit: pass"
    words = ["--app", "examples.campus", "certify", "status", "--json"]
    return json.loads(site.machines["web"].run(sys.executable, "-c", ask, *words, environ=site.environ))


def test_issue_bundle_and_download_work_where_only_database_queue_and_bucket_are_shared(site: Site) -> None:
    deadline = time.monotonic() + LONGEST
    site.flask("web", "certify", "bulk-issue", RUN)
    while (now := status(site))["batches"] or any(lane["chunks"]["pending"] for lane in now["lanes"]):
        assert time.monotonic() < deadline, (now, last_words(site.machines["issuing"].log))
        time.sleep(0.5)
    there = {tuple(each["lanes"]): each["machine"] for each in now["workers"]}
    assert set(there) == {("issuing", "messages"), ("bundles",)}
    if site.machines["web"].are_apart:
        assert there == {("issuing", "messages"): "issuing", ("bundles",): "packing"}

    seen = json.loads(
        site.machines["visitor"].run(
            sys.executable, "-m", "tests.support.visitor", site.address, RUN, environ={}, seconds=LONGEST
        )
    )
    assert (seen["packed"], seen["ready"]) == (278, True)
    [part] = seen["fetched"]
    assert (part["documents"], part["begins"]) == (278, "%PDF-")
    assert part["from"].startswith(site.environ["AWS_ENDPOINT_URL_S3"])

    kept = {name: {each.suffix for each in machine.outside.rglob("*")} for name, machine in site.machines.items()}
    assert not any(".zip" in suffixes for suffixes in kept.values()), "the bucket alone keeps bundles"
    assert ".eml" in kept["issuing"], "letters were written where messages are sent"
    assert ".eml" not in kept["web"] | kept["packing"]
