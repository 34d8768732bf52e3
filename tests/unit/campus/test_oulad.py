"""What the campus makes of the four files, checked by hand on real learners and on small stories."""

import gzip
from datetime import date
from pathlib import Path

import pytest

from examples.campus import cut, oulad

FILES = {
    "courses": "code_module,code_presentation,module_presentation_length\nXXX,2014B,100\nYYY,2013J,50\n",
    "assessments": (
        "code_module,code_presentation,id_assessment,assessment_type,date,weight\n"
        "XXX,2014B,1,TMA,10,50\nXXX,2014B,2,CMA,20,50\nXXX,2014B,3,TMA,30,0\nXXX,2014B,4,Exam,100,100\n"
        "YYY,2013J,5,Exam,,100\n"
    ),
    "studentInfo": (
        "code_module,code_presentation,id_student,region,num_of_prev_attempts,final_result\n"
        "XXX,2014B,71,Wales,0,Pass\nXXX,2014B,72,Scotland,0,Distinction\nXXX,2014B,73,Wales,1,Fail\n"
        "XXX,2014B,74,Scotland,0,Withdrawn\nYYY,2013J,71,Wales,0,Fail\n"
    ),
    "studentAssessment": (
        "id_assessment,id_student,date_submitted,is_banked,score\n"
        "1,71,9,0,80\n2,71,25,0,\n3,71,130,0,70\n1,73,10,0,40\n2,73,20,0,\n3,73,30,0,0\n4,73,99,0,10\n1,74,11,0,100\n"
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path)
    return tmp_path


def write(folder: Path, **changed: str) -> None:
    for name, text in (FILES | changed).items():
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))


def learner(teaching: oulad.Teaching, ref: str, run: str = "XXX-2014B") -> oulad.Enrolment:
    return next(each for each in teaching.enrolments if (each.run_ref, each.learner_ref) == (run, ref))


def shipped(ref: str) -> oulad.Enrolment:
    return learner(oulad.read(oulad.SHIPPED), ref, "AAA-2013J")


# ---- real learners ---------------------------------------------------------------------------------


def test_the_shipped_run_has_383_learners_of_whom_278_have_passed():
    teaching = oulad.read(oulad.SHIPPED)
    assert len(teaching.enrolments) == 383
    assert sum(each.passing for each in teaching.enrolments) == 278
    assert len(teaching.attempts) == 1631


def test_the_shipped_run_lasts_268_days_from_1_october_and_is_east_anglias():
    run = oulad.read(oulad.SHIPPED).runs[0]
    assert (run.ref, run.starts_on, run.ends_on) == ("AAA-2013J", date(2013, 10, 1), date(2014, 6, 26))
    assert run.region == "East Anglian Region"


def test_11391_passed_and_completed_on_the_day_of_the_last_hand_in():
    teaching = oulad.read(oulad.SHIPPED)
    assert shipped("11391") == oulad.Enrolment(
        run_ref="AAA-2013J",
        learner_ref="11391",
        region="East Anglian Region",
        result="Pass",
        active=True,
        passing=True,
        progress=100.0,
        completed_on=date(2014, 5, 1),  # day 212
    )
    theirs = [(each.assessment_ref, each.score) for each in teaching.attempts if each.learner_ref == "11391"]
    assert theirs == [("1752", 78), ("1753", 85), ("1754", 80), ("1755", 85), ("1756", 82)]


def test_30268_withdrew_before_handing_in_anything():
    found = shipped("30268")
    assert (found.active, found.passing, found.progress, found.completed_on) == (False, False, 0.0, None)


def test_260355_handed_in_three_of_six_of_which_one_has_no_score():
    found = shipped("260355")
    assert found.progress == 50.0
    theirs = [each.assessment_ref for each in oulad.read(oulad.SHIPPED).attempts if each.learner_ref == "260355"]
    assert "1754" not in theirs


# ---- small stories ---------------------------------------------------------------------------------


def test_runs_begin_in_october_or_february_and_last_the_given_days(folder):
    runs = {each.ref: each for each in oulad.read(folder).runs}
    assert (runs["XXX-2014B"].starts_on, runs["XXX-2014B"].ends_on) == (date(2014, 2, 1), date(2014, 5, 12))
    assert (runs["YYY-2013J"].starts_on, runs["YYY-2013J"].ends_on) == (date(2013, 10, 1), date(2013, 11, 20))


def test_of_two_regions_with_as_many_learners_the_run_is_the_first_ones_by_name(folder):
    assert oulad.read(folder).runs[0].region == "Scotland"


def test_marked_work_is_of_kind_assessment_and_an_exam_is_not(folder):
    kinds = [(each.ref, each.kind) for each in oulad.read(folder, ["XXX-2014B"]).assessments]
    assert kinds == [("1", "Assessment"), ("2", "Assessment"), ("3", "Assessment"), ("4", "Exam")]


def test_who_hands_in_after_the_end_has_completed_on_the_last_day(folder):
    assert learner(oulad.read(folder), "71").completed_on == date(2014, 5, 12)


def test_who_passed_without_handing_in_has_completed_on_the_last_day(folder):
    found = learner(oulad.read(folder), "72")
    assert (found.progress, found.completed_on) == (100.0, date(2014, 5, 12))


def test_who_handed_in_everything_and_failed_stops_at_99(folder):
    found = learner(oulad.read(folder), "73")
    assert (found.passing, found.progress, found.completed_on) == (False, 99.0, None)


def test_progress_is_the_share_of_the_runs_assessments_handed_in(folder):
    assert learner(oulad.read(folder), "74").progress == 25.0


def test_a_row_without_a_score_is_no_attempt_and_a_zero_is_one(folder):
    attempts = [(each.assessment_ref, each.score) for each in oulad.read(folder).attempts if each.learner_ref == "73"]
    assert attempts == [("1", 40.0), ("3", 0.0), ("4", 10.0)]


def test_only_the_runs_asked_for_are_read(folder):
    teaching = oulad.read(folder, ["YYY-2013J"])
    assert [each.ref for each in teaching.runs] == ["YYY-2013J"]
    assert {each.run_ref for each in teaching.enrolments} == {"YYY-2013J"}
    assert teaching.attempts == ()


def test_a_run_in_which_nobody_is_enrolled_is_left_out(folder):
    write(folder, courses=FILES["courses"] + "ZZZ,2014B,100\n")
    assert [each.ref for each in oulad.read(folder).runs] == ["XXX-2014B", "YYY-2013J"]


# ---- bad files -------------------------------------------------------------------------------------


def test_an_unknown_run_is_refused_and_the_known_ones_are_named(folder):
    with pytest.raises(oulad.Unreadable, match=r"no run NNN-2013J .*XXX-2014B, YYY-2013J"):
        oulad.read(folder, ["NNN-2013J"])


def test_a_missing_file_is_named(folder):
    (folder / "assessments.csv.gz").unlink()
    with pytest.raises(oulad.Unreadable, match=r"assessments\.csv\.gz is missing"):
        oulad.read(folder)


@pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda data: b"no gzip at all"])
def test_a_damaged_file_is_named(folder, damage):
    path = folder / "studentInfo.csv.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(oulad.Unreadable, match=r"studentInfo\.csv\.gz cannot be read"):
        oulad.read(folder)


def test_a_missing_column_is_named(folder):
    write(folder, courses="code_module,code_presentation\nXXX,2014B\n")
    with pytest.raises(oulad.Unreadable, match="no column module_presentation_length"):
        oulad.read(folder)


@pytest.mark.parametrize("score", ["ten", "nan", "inf"])
def test_a_score_that_is_no_number_is_shown(folder, score):
    write(folder, studentAssessment=FILES["studentAssessment"] + f"1,72,3,0,{score}\n")
    with pytest.raises(oulad.Unreadable, match=f"'{score}' where a number is expected"):
        oulad.read(folder)


def test_a_presentation_with_an_unknown_month_is_refused(folder):
    write(
        folder,
        courses=FILES["courses"].replace("2013J", "2013K"),
        studentInfo=FILES["studentInfo"].replace("2013J", "2013K"),
    )
    with pytest.raises(oulad.Unreadable, match="2013K"):
        oulad.read(folder)


# ---- cutting ---------------------------------------------------------------------------------------


def test_cutting_the_shipped_run_again_gives_the_same_bytes(tmp_path):
    cut.cut(oulad.SHIPPED, tmp_path, {"AAA-2013J"})
    for name in oulad.FILES:
        made = (tmp_path / f"{name}.csv.gz").read_bytes()
        assert gzip.decompress(made) == gzip.decompress((oulad.SHIPPED / f"{name}.csv.gz").read_bytes())
        assert made[4:8] == bytes(4)  # no time in it


def test_a_cut_holds_only_the_runs_asked_for(folder, tmp_path):
    cut.cut(folder, tmp_path / "cut", {"XXX-2014B"})
    assert oulad.read(tmp_path / "cut") == oulad.read(folder, ["XXX-2014B"])
