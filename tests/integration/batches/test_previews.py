"""A batch is looked at first, and does exactly what was shown (R-125)."""

from collections.abc import Mapping
from uuid import UUID

import pytest
import sqlalchemy as sa

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.causes import Cause, UnknownCause, Why
from flask_certify.awards.models import Award, Record
from flask_certify.core.runtime import Runtime
from flask_certify.dashboards import queries
from flask_certify.dashboards import results as listed
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Attempt
from flask_certify.issuing import bulk, foreseeing, handling, lifecycle, many, naming, previews
from flask_certify.issuing.bulk import BatchView
from flask_certify.issuing.errors import AlreadyUnderWay
from flask_certify.issuing.importing import UnreadableFile
from flask_certify.issuing.kinds import BatchKind
from flask_certify.issuing.models import IssueBatch, IssueItem
from tests.support.story import COMPLETED, MIA, RUN, TOM, learner

WHY = Why(Cause.NAME_CORRECTED, "Ada has married")


def run_id(rt: Runtime) -> UUID:
    return ensure_run(rt, RUN).id


def look(rt: Runtime, kind: BatchKind = BatchKind.ISSUE, refs: list[str] | None = None) -> UUID:
    return previews.look(rt, run_id(rt), kind, MIA, refs)


def finish(rt: Runtime, batch_id: UUID, why: Why | None = None, *, notify: bool = False) -> BatchView:
    previews.confirm(rt, batch_id, MIA, notify=notify, why=why)
    return bulk.work_off(rt, batch_id, 20)


def awards(rt: Runtime) -> dict[str, list[str]]:
    """Of each learner the states of all awards ever, in the order of their making."""
    found: dict[str, list[str]] = {}
    with rt.reading() as session:
        for ref, state in session.execute(sa.select(Award.learner_ref, Award.state).order_by(Award.id)):
            found.setdefault(ref, []).append(state)
    return found


def results(rt: Runtime, batch_id: UUID) -> dict[str, tuple[str | None, str | None]]:
    with rt.reading() as session:
        rows = session.execute(
            sa.select(IssueItem.learner_ref, IssueItem.result, IssueItem.reason).where(IssueItem.batch_id == batch_id)
        )
        return {row[0]: (row[1], row[2]) for row in rows}


def standing_failures(rt: Runtime) -> list[tuple[str | None, str]]:
    with rt.reading() as session:
        return [(each.learner_ref, each.step) for each in queries.failures(session, run_id(rt), standing=True)]


def some(counts: Mapping[str, int]) -> dict[str, int]:
    return {key: number for key, number in counts.items() if number}


# ---- issue -----------------------------------------------------------------------------------------


def test_what_was_shown_is_what_is_done(rt: Runtime) -> None:
    batch_id = look(rt)
    seen = previews.get(rt, batch_id)
    assert seen is not None
    assert (seen.total, dict(seen.by_key)) == (4, {"achievement": 2, "completion": 1})
    assert (dict(seen.declined), dict(seen.faulty), seen.already) == ({"progress_below": 1}, {}, 0)
    assert awards(rt) == {}
    done = finish(rt, batch_id)
    assert done.issued == {"completion": 1, "achievement": 2}
    assert some(done.declined) == {"progress_below": 1}
    assert previews.get(rt, batch_id) is None


def test_leaving_a_preview_alone_does_nothing_and_stands_in_nobodys_way(rt: Runtime) -> None:
    look(rt)
    assert awards(rt) == {}
    assert bulk.find_under_way(rt, run_id(rt)) is None
    assert bulk.find_latest(rt, run_id(rt)) is None
    with rt.reading() as session:
        assert session.scalars(sa.select(Record)).all() == []
    assert sum(finish(rt, look(rt)).issued.values()) == 3


def test_who_completes_after_the_preview_is_not_added(rt: Runtime, host: MemoryHost) -> None:
    batch_id = look(rt)
    host.change_learner(RUN, "ben", progress=100.0, completed_on=COMPLETED)
    host.add_learner(RUN, learner("fay", "Fay Late", score=99))
    done = finish(rt, batch_id)
    assert set(awards(rt)) == {"ada", "cy", "dev"}
    assert results(rt, batch_id)["ben"] == ("declined", "changed_since")
    assert (done.total, some(done.declined)) == (4, {"changed_since": 1})
    again = finish(rt, look(rt))
    assert (sum(again.issued.values()), again.already) == (2, 3)


def test_who_would_get_another_kind_than_shown_gets_none_until_it_is_shown(rt: Runtime, host: MemoryHost) -> None:
    """R-125: what was confirmed is a certificate for completion, and not one of merit."""
    batch_id = look(rt)
    better(host, "cy")
    done = finish(rt, batch_id)
    assert results(rt, batch_id)["cy"] == ("declined", "changed_since")
    assert set(awards(rt)) == {"ada", "dev"}
    assert some(done.declined) == {"changed_since": 1, "progress_below": 1}
    assert some(finish(rt, look(rt)).issued) == {"achievement": 1}


def better(host: MemoryHost, ref: str) -> None:
    """Who had 60 % has 95 %."""
    host.change_learner(RUN, ref, attempts=(Attempt("quiz", 95), Attempt("essay", 95)))


def test_who_lost_the_right_to_it_after_the_preview_is_declined_with_the_reason(rt: Runtime, host: MemoryHost) -> None:
    batch_id = look(rt)
    host.change_learner(RUN, "ada", progress=50.0)
    host.records[RUN].pop("cy")
    done = finish(rt, batch_id)
    assert set(awards(rt)) == {"dev"}
    assert results(rt, batch_id)["ada"] == ("declined", "progress_below")
    assert results(rt, batch_id)["cy"] == ("declined", "learner_unknown")
    assert done.done == done.total


def test_a_list_names_who_is_issued_to_and_each_of_it_is_answered(rt: Runtime) -> None:
    """R-091."""
    done = finish(rt, look(rt, refs=["cy", "nobody", "ben", "cy"]))
    assert (done.total, done.issued["completion"]) == (3, 1)
    assert some(done.declined) == {"learner_unknown": 1, "progress_below": 1}
    assert set(awards(rt)) == {"cy"}


def test_pressed_twice_there_is_one_batch(rt: Runtime) -> None:
    """R-127."""
    batch_id = look(rt)
    assert previews.confirm(rt, batch_id, MIA, notify=False) == batch_id
    assert previews.confirm(rt, batch_id, TOM, notify=True) == batch_id
    with rt.reading() as session:
        batch = session.get_one(IssueBatch, batch_id)
        assert (batch.opened_by, batch.notify) == (MIA, False)


def test_of_two_previews_that_are_confirmed_the_second_is_refused_while_the_first_is_under_way(rt: Runtime) -> None:
    """R-117."""
    mine, toms = look(rt), look(rt)
    previews.confirm(rt, mine, MIA, notify=False)
    with pytest.raises(AlreadyUnderWay):
        previews.confirm(rt, toms, TOM, notify=False)
    bulk.work_off(rt, mine, 20)
    after = finish(rt, toms)
    assert (sum(after.issued.values()), after.already) == (0, 3)


def test_a_name_that_cannot_be_printed_is_shown_before(rt: Runtime, host: MemoryHost) -> None:
    host.change_learner(RUN, "ada", display_name="Ada \U00013000")
    seen = foreseeing.preview(rt, run_id(rt))
    assert (seen.to_do, dict(seen.faulty)) == (2, {"name.no_glyphs": 1})


def test_previews_that_nobody_confirmed_are_swept_away_and_others_stay(rt: Runtime) -> None:
    old, confirmed, fresh = look(rt), look(rt), look(rt)
    finish(rt, confirmed)
    with rt.transaction() as tx:
        ages = sa.update(IssueBatch).where(IssueBatch.id.in_([old, confirmed]))
        tx.session.execute(ages.values(opened_at=rt.clock.now() - 2 * previews.KEPT))
    newest = look(rt)
    with rt.reading() as session:
        assert set(session.scalars(sa.select(IssueBatch.id))) == {confirmed, fresh, newest}
        assert set(session.scalars(sa.select(IssueItem.batch_id))) == {confirmed, fresh, newest}


# ---- re-issue --------------------------------------------------------------------------------------


def test_issued_again_each_has_one_new_certificate_and_the_old_one_is_replaced(rt: Runtime, host: MemoryHost) -> None:
    """R-099, R-101, R-121: who had none gets a first one, and who no longer may keeps what there is."""
    many.issue_many(rt, run_id(rt), ["ada", "cy"], actor=MIA, notify=False)
    host.change_learner(RUN, "cy", progress=10.0)
    batch_id = look(rt, BatchKind.REISSUE, ["ada", "cy", "dev", "ben"])
    seen = previews.get(rt, batch_id)
    assert seen is not None and dict(seen.by_key) == {"achievement": 2}
    assert dict(seen.declined) == {"progress_below": 2}
    with pytest.raises(UnknownCause):
        previews.confirm(rt, batch_id, MIA, notify=False)
    done = finish(rt, batch_id, WHY)
    assert (dict(done.counts.reissued), done.issued["achievement"]) == ({"achievement": 1}, 1)
    assert awards(rt) == {"ada": ["revoked", "issued"], "cy": ["issued"], "dev": ["issued"]}


def test_who_was_issued_to_again_meanwhile_is_not_issued_to_a_third_time(rt: Runtime) -> None:
    finish(rt, look(rt))
    first, second = look(rt, BatchKind.REISSUE), look(rt, BatchKind.REISSUE)
    assert sum(finish(rt, first, WHY).counts.reissued.values()) == 3
    done = finish(rt, second, WHY)
    assert (dict(done.counts.reissued), some(done.declined)) == ({}, {"changed_since": 3})
    assert awards(rt)["ada"] == ["revoked", "issued"]


def test_issued_again_nobody_gets_another_kind_than_shown(rt: Runtime, host: MemoryHost) -> None:
    """R-125: neither who has one, nor who is to get a first one; the old one stays as it is (R-101)."""
    finish(rt, look(rt, refs=["ada", "cy"]))
    host.add_learner(RUN, learner("fay", "Fay Late", score=60))
    batch_id = look(rt, BatchKind.REISSUE, ["ada", "cy", "fay"])
    better(host, "cy")
    better(host, "fay")
    done = finish(rt, batch_id, WHY)
    assert (some(done.counts.reissued), some(done.declined)) == ({"achievement": 1}, {"changed_since": 2})
    assert awards(rt) == {"ada": ["revoked", "issued"], "cy": ["issued"]}
    again = finish(rt, look(rt, BatchKind.REISSUE, ["cy", "fay"]), WHY)
    assert (some(again.counts.reissued), some(again.issued)) == ({"achievement": 1}, {"achievement": 1})


def test_what_somebody_has_withdrawn_is_issued_again_only_for_who_is_named_and_was_shown(rt: Runtime) -> None:
    """R-076, R-125: whoever presses "all" knows nothing of the case that is being looked into."""
    finish(rt, look(rt))
    with rt.reading() as session:
        ids = {each.learner_ref: each.id for each in session.scalars(sa.select(Award))}
    lifecycle.withdraw(rt, [ids["ada"]], Why(Cause.UNDER_REVIEW), actor=TOM)
    everybody = look(rt, BatchKind.REISSUE)
    lifecycle.withdraw(rt, [ids["cy"]], Why(Cause.UNDER_REVIEW), actor=TOM)
    done = finish(rt, everybody, WHY)
    assert (some(done.counts.reissued), some(done.declined)) == ({"achievement": 1}, {"changed_since": 1})
    assert awards(rt) == {"ada": ["withdrawn"], "cy": ["withdrawn"], "dev": ["revoked", "issued"]}
    named = look(rt, BatchKind.REISSUE, ["ada"])
    [line] = listed.page(rt, bulk.get_batch(rt, named))
    assert line.sentence.startswith("The certificate there is now is withdrawn.")
    finish(rt, named, WHY)
    assert awards(rt)["ada"] == ["revoked", "issued"]


# ---- revoke ----------------------------------------------------------------------------------------


def test_those_who_were_shown_lose_their_certificates_and_nobody_else(rt: Runtime) -> None:
    """R-111."""
    finish(rt, look(rt))
    batch_id = look(rt, BatchKind.REVOKE, ["ada", "ben", "dev"])
    seen = previews.get(rt, batch_id)
    assert seen is not None and (seen.to_do, dict(seen.declined)) == (2, {"no_certificate": 1})
    with rt.reading() as session:
        dev = session.scalars(sa.select(Award.id).where(Award.learner_ref == "dev")).one()
    lifecycle.revoke(rt, [dev], Why(Cause.OTHER), actor=TOM, bar=False)
    done = finish(rt, batch_id, Why(Cause.ISSUED_IN_ERROR))
    assert (done.counts.revoked, some(done.declined)) == (1, {"no_certificate": 1, "changed_since": 1})
    assert awards(rt) == {"ada": ["revoked"], "cy": ["issued"], "dev": ["revoked"]}


def test_the_note_of_a_batch_goes_when_it_has_ended(rt: Runtime) -> None:
    finish(rt, look(rt))
    batch_id = look(rt, BatchKind.REVOKE, ["ada"])
    previews.confirm(rt, batch_id, MIA, notify=False, why=Why(Cause.OTHER, "private"))
    with rt.reading() as session:
        assert session.get_one(IssueBatch, batch_id).note == "private"
    bulk.work_off(rt, batch_id, 20)
    with rt.reading() as session:
        assert session.get_one(IssueBatch, batch_id).note is None


def test_batches_of_different_kinds_may_be_under_way_together_and_two_of_a_kind_may_not(rt: Runtime) -> None:
    finish(rt, look(rt))
    again, revoke = look(rt, BatchKind.REISSUE, ["ada"]), look(rt, BatchKind.REVOKE, ["cy"])
    previews.confirm(rt, again, MIA, notify=False, why=WHY)
    previews.confirm(rt, revoke, MIA, notify=False, why=WHY)
    with pytest.raises(AlreadyUnderWay):
        previews.confirm(rt, look(rt, BatchKind.REVOKE, ["dev"]), MIA, notify=False, why=WHY)
    for each in (again, revoke):
        assert bulk.work_off(rt, each, 20).happened == 1


# ---- from a file -----------------------------------------------------------------------------------


def test_a_file_names_learners_by_external_id_or_reference_and_its_other_lines_are_told_by_number(rt: Runtime) -> None:
    finish(rt, look(rt))
    file = "\ufeffExternal ID,Name\r\nWA-ada,Ada\n\ncy\nsomebody@example.org\nWA-ada\n".encode()
    chosen = naming.from_file(rt, run_id(rt), file)
    assert chosen == naming.Named(("ada", "cy"), (5,))


@pytest.mark.parametrize(
    "data",
    [
        b"External ID;Name\r\nWA-ada;Lovelace, Ada\r\nWA-cy;Cy\r\n",
        "External ID\tName\nWA-ada\tAda\nWA-cy\tCy\n".encode("utf-16"),
        b"WA-ada;Lovelace, Ada\rWA-cy;\r",
    ],
)
def test_files_are_read_as_spreadsheets_write_them(rt: Runtime, data: bytes) -> None:
    """R-091: with a comma for decimals the cells are parted by semicolons, and "Unicode text" is UTF-16 with tabs."""
    finish(rt, look(rt))
    assert naming.from_file(rt, run_id(rt), data) == naming.Named(("ada", "cy"), ())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        *((each, "at most 50,000 lines") for each in (b"\xff\xfe\x00", b"x\n" * 50_001, b"x" * 5_000_001)),
        (b'ada\n"open', "Line 2 of this file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(rt: Runtime, data: bytes, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        naming.from_file(rt, run_id(rt), data)


def test_whose_certificate_cannot_be_issued_again_stands_in_the_failure_log_until_it_is_put_right(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-098: the batch counts the failure and leads to the log, which names it."""
    finish(rt, look(rt))
    host.change_learner(RUN, "ada", display_name="null")
    first = look(rt, BatchKind.REISSUE, ["ada", "cy"])
    assert standing_failures(rt) == []
    assert finish(rt, first, WHY).failed == 1
    assert standing_failures(rt) == [("ada", "reissue")]
    host.change_learner(RUN, "ada", display_name="Ada King")
    assert finish(rt, handling.retry(rt, first, MIA), WHY).failed == 0
    assert standing_failures(rt) == []


# ---- failed ones again -----------------------------------------------------------------------------


def test_a_retry_takes_up_those_who_failed_and_nobody_else(rt: Runtime, host: MemoryHost) -> None:
    """R-126."""
    host.change_learner(RUN, "ada", display_name="null")
    first = look(rt)
    done = finish(rt, first)
    assert (done.failed, sum(done.issued.values())) == (1, 2)
    host.change_learner(RUN, "ada", display_name="Ada King")
    host.change_learner(RUN, "ben", progress=100.0, completed_on=COMPLETED)
    again = handling.retry(rt, first, MIA)
    seen = previews.get(rt, again)
    assert seen is not None and (seen.total, seen.to_do, seen.retry_of) == (1, 1, first)
    assert sum(finish(rt, again).issued.values()) == 1
    assert set(awards(rt)) == {"ada", "cy", "dev"}
    with pytest.raises(handling.NobodyToTakeUp):
        handling.retry(rt, again, MIA)
