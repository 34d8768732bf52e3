"""What those who run the site can see: alive, ready, figures, and what is stuck."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from flask_certify.core import duties, logs, schema, workers
from flask_certify.core.clock import FixedClock
from flask_certify.core.current import runtime_of
from flask_certify.core.duties import DutyRow
from flask_certify.core.embedded import start_valkey
from flask_certify.core.ids import new_id
from flask_certify.core.outbox import Chunk, now_ms
from flask_certify.core.runtime import Runtime
from flask_certify.core.workers import Worker
from flask_certify.dashboards import operations
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import bulk
from tests.support import story
from tests.support.story import MIA, NOW, RUN

TOKEN = "let-prometheus-in"
A_WORKER = new_id()


@pytest.fixture
def site(tmp_path: Path, host: MemoryHost) -> Iterator[Flask]:
    app = story.make_app(
        f"sqlite:///{tmp_path}/host.db",
        host,
        CERTIFY_METRICS_TOKEN=TOKEN,
        CERTIFY_REDIS_URL=f"unix://{tmp_path}/away.sock",
        CERTIFY_FILES=str(tmp_path / "files"),
    )
    with app.app_context():
        story.set_up(runtime_of(app))
    yield app
    story.dispose(app)


def arrive(rt: Runtime, *lanes: str) -> None:
    with rt.transaction() as tx:
        workers.arrive(tx.session, A_WORKER, lanes or ("issuing", "messages", "bundles"), "1.0", NOW)


def codes(rt: Runtime) -> list[str]:
    return [each.code for each in operations.findings(operations.look(rt))]


def readiness(app: Flask) -> tuple[int, dict[str, str]]:
    answer = app.test_client().get("/certify/readyz")
    assert answer.json is not None
    assert all(each["sentence"].endswith(".") or "db upgrade" in each["sentence"] for each in answer.json["parts"])
    return answer.status_code, {each["name"]: each["state"] for each in answer.json["parts"]}


def test_a_process_is_alive_even_without_its_database(site: Flask, tmp_path: Path) -> None:
    """Restarting it would mend nothing."""
    (tmp_path / "host.db").unlink()
    answer = site.test_client().get("/certify/healthz")
    assert (answer.status_code, answer.data) == (200, b"ok\n")


def test_a_site_is_ready_while_only_what_can_wait_is_away(site: Flask, tmp_path: Path) -> None:
    """Redis and storage away: pages are served, work is recorded."""
    files = tmp_path / "files"
    assert readiness(site) == (200, {"database": "ok", "migrations": "ok", "queue": "degraded", "storage": "ok"})
    (files / "store-id").unlink()
    files.rmdir()
    files.write_text("in the way")
    assert readiness(site) == (200, {"database": "ok", "migrations": "ok", "queue": "degraded", "storage": "degraded"})


def test_a_site_whose_tables_are_those_of_another_version_is_not_ready(site: Flask) -> None:
    with site.app_context():
        schema.downgrade(runtime_of(site).engine, "c0001")
    status, parts = readiness(site)
    assert (status, parts["database"], parts["migrations"]) == (503, "ok", "down")


def test_a_site_whose_database_is_away_is_not_ready(tmp_path: Path, host: MemoryHost) -> None:
    app = story.make_app(f"sqlite:///{tmp_path}/host.db", host)
    app.config["TESTING"] = False
    story.dispose(app)
    (tmp_path / "host.db").unlink()
    (tmp_path / "host.db").mkdir()
    assert readiness(app) == (503, {"database": "down"})
    story.dispose(app)


def figures(app: Flask, token: str = TOKEN) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels."""
    answer = app.test_client().get("/certify/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_figures_for_prometheus_come_from_the_database(site: Flask) -> None:
    """R-258."""
    before = figures(site)
    assert before["certify_chunks", "issuing", "pending"] == 2, "the runs that were attached are looked at"
    with site.app_context():
        rt = runtime_of(site)
        arrive(rt, "issuing", "messages")
        bulk.open_by_ref(rt, RUN, MIA, notify=True)
    now = figures(site)
    assert now["certify_chunks", "issuing", "pending"] == 3
    assert now["certify_batches_under_way",] == 1
    assert now["certify_workers", "messages"] == 1
    assert now["certify_workers", "bundles"] == 0
    assert now["certify_queue_up",] == 0
    with site.app_context():
        batch = bulk.issue_and_wait(runtime_of(site), RUN, MIA, notify=True, patience=20)
        assert batch.already == 3
    after = figures(site)
    assert after["certify_batches_under_way",] == 0
    assert {value for key, value in after.items() if key[0] == "certify_chunks"} == {0}


def test_figures_follow_the_conventions_of_prometheus_and_name_nobody(site: Flask) -> None:
    answer = site.test_client().get("/certify/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    families = list(text_string_to_metric_families(answer.text))
    assert all(each.name.startswith("certify_") and each.documentation.endswith(".") for each in families)
    assert not any(each.name.endswith(("_ms", "_minutes")) for each in families), "base units"
    assert not {"ada", "wales", "physics-1", "Ada Lovelace"} & set(answer.text.replace('"', " ").split())


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer डर"])
def test_figures_are_there_only_for_whoever_knows_the_token(site: Flask, given: str) -> None:
    answer = site.test_client().get("/certify/metrics", headers={"Authorization": given.encode().decode("latin-1")})
    assert answer.status_code == 404


def test_what_is_stuck_is_found_with_what_to_do(rt: Runtime, redis_url: str) -> None:
    """R-258, on each database. A site that has a queue; whoever serves another lane is no help."""
    rt = replace(rt, settings=replace(rt.settings, redis_url=redis_url))
    assert codes(rt) == ["workers.none"]
    arrive(rt, "bundles")
    assert codes(rt) == ["workers.none"]
    with rt.transaction() as tx:
        tx.session.execute(sa.update(Worker).values(lanes="issuing"))
    assert codes(rt) == []
    with rt.transaction() as tx:
        tx.session.execute(sa.update(Chunk).values(state="running", reason="host.unavailable", lease_until=now_ms()))
        tx.session.execute(sa.insert(DutyRow).values(name="night", until=0, reason="host.unavailable"))
    later = replace(rt, clock=FixedClock(NOW + timedelta(minutes=11)))
    assert codes(later) == ["work.old", "work.resting", "duty.failed"]
    sentences = [each.sentence for each in operations.findings(operations.look(later))]
    assert "The learning platform does not answer" in sentences[1]
    with rt.transaction() as tx:
        tx.session.execute(sa.update(Worker).values(seen_at=1))
    assert codes(rt)[:2] == ["workers.none", "workers.silent"]
    assert operations.findings(operations.look(rt))[1].sentence.startswith("1 worker fell silent")


def test_without_a_queue_nothing_is_stuck_until_something_waits(rt: Runtime) -> None:
    assert codes(rt) == ["queue.none"]
    bulk.issue_and_wait(rt, RUN, MIA, notify=False, patience=20)
    assert codes(rt) == []


def test_status_says_who_works_and_what_waits(site: Flask, tmp_path: Path) -> None:
    with site.app_context():
        rt = runtime_of(site)
        arrive(rt)
        assert duties.lead(rt, A_WORKER)
        batch_id = bulk.open_by_ref(rt, RUN, MIA, notify=True)
    done = site.test_cli_runner().invoke(args=["certify", "status"])
    assert done.exit_code == 1
    for words in ("Redis does not answer", "(here, leads)", "3 pending", f"batch    {batch_id}", "MEND  "):
        assert words in done.output
    (tmp_path / "vk").mkdir()
    server = start_valkey(tmp_path / "vk")
    try:
        site.extensions["certify"] = replace(rt, settings=replace(rt.settings, redis_url=server.url))
        well = site.test_cli_runner().invoke(args=["certify", "status", "--json"])
    finally:
        server.stop()
    told = json.loads(well.stdout)
    assert (well.exit_code, told["stuck"], told["is_queue_there"]) == (0, [], True)
    assert told["batches"][0]["id"] == str(batch_id)


def test_the_log_of_a_batch_has_ids_and_no_person(site: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """R-258: no name, address, number or certificate code."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(logs.JsonLines().format(record))  # type: ignore[method-assign]
    logger = logging.getLogger("flask_certify")
    logger.addHandler(handler)
    caplog.set_level(logging.INFO, "flask_certify")
    try:
        with site.app_context():
            rt = runtime_of(site)
            batch = bulk.issue_and_wait(rt, RUN, MIA, notify=True, patience=20)
            known = {"Lovelace", "example.org", "+4477", "Young", "शर्मा"}
            with rt.reading() as session:
                known |= set(session.scalars(sa.text("SELECT code FROM certify_award")))
    finally:
        logger.removeHandler(handler)
    told = [json.loads(each) for each in lines]
    issued = [each for each in told if (each.get("kind"), each["message"]) == ("issuing.issue", "chunk done")]
    assert {each["batch"] for each in issued} == {str(batch.id)}
    assert all({"chunk", "work", "seconds", "epoch"} <= set(each) for each in issued)
    assert [words for words in known if any(words in each for each in lines)] == []
