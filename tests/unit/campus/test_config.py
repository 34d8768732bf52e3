"""Settings from the environment, and secrets that the campus makes for itself."""

import re
import stat
from concurrent.futures import ThreadPoolExecutor

from examples.campus import config


def test_without_a_word_everything_lies_in_the_campus_folder(tmp_path):
    found = config.from_environment({"CAMPUS_VAR": str(tmp_path / "var")})
    assert found["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/var/campus.db"
    assert found["CERTIFY_MAIL"] == found["CERTIFY_SMS"] == f"outbox:{tmp_path}/var/outbox"
    assert found["CERTIFY_PUBLIC_URL"] == "http://localhost:8080"
    assert found["CERTIFY_REDIS_URL"] == ""


def test_the_environment_goes_before(tmp_path):
    given = {
        "CAMPUS_VAR": str(tmp_path),
        "SQLALCHEMY_DATABASE_URI": "postgresql+psycopg://campus@/campus",
        "CERTIFY_REDIS_URL": "redis://queue:6379/0",
        "CERTIFY_PUBLIC_URL": "https://campus.example",
        "CERTIFY_MASTER_KEY": "2:" + "ab" * 32,
    }
    found = config.from_environment(given)
    assert {name: found[name] for name in given} == given | {"CAMPUS_VAR": tmp_path}
    assert not (tmp_path / "master.key").exists()


def test_an_empty_variable_is_as_good_as_none(tmp_path):
    found = config.from_environment({"CAMPUS_VAR": str(tmp_path), "CERTIFY_PUBLIC_URL": "", "CERTIFY_MASTER_KEY": ""})
    assert found["CERTIFY_PUBLIC_URL"] == "http://localhost:8080"
    assert found["CERTIFY_MASTER_KEY"].startswith("1:")


def test_the_master_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    first, second = (config.from_environment({"CAMPUS_VAR": str(tmp_path)}) for _ in range(2))
    path = tmp_path / "master.key"
    assert first["CERTIFY_MASTER_KEY"] == second["CERTIFY_MASTER_KEY"] == path.read_text()
    assert re.fullmatch("1:[0-9a-f]{64}", path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first["SECRET_KEY"] not in path.read_text()


def test_many_who_begin_at_once_read_the_same_secret(tmp_path):
    with ThreadPoolExecutor(8) as crowd:
        secrets = set(crowd.map(lambda _: config.kept_secret(tmp_path / "shared.key"), range(32)))
    assert len(secrets) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["shared.key"]
