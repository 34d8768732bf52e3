"""What is attached to a run or to its course, typed: attach, add, update, remove, show, preview, history.

Certificates are described by a file, in the notation of `eligibility.notation`; `attachments show --json` writes one.
Whoever is named by `--as` must be allowed to change each run that is concerned, and to use templates of the issuer.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, BinaryIO
from uuid import UUID

import click
from flask.cli import AppGroup

from ..achievements import validity as validities
from ..achievements.service import AttachmentView, ensure_run
from ..achievements.validity import parse
from ..core.commands import acting, told
from ..core.current import current_runtime
from ..core.runtime import Runtime
from ..eligibility import notation
from . import attaching, changes, criteria, previewing, rule_sets
from .attaching import Attached, By, Place, Terms
from .errors import NothingAttached, OneAtATime, UnknownTemplate, WhichAttachment

FILE_HELP = "Certificates with template, criteria, audience, facts and validity, as JSON; - for standard input."
Command = Callable[..., None]


def register(group: AppGroup) -> None:
    """Adds the commands about what is attached."""
    _attach(group)
    attachments = AppGroup("attachments", help="What is attached to a course run, or to its course.")
    group.add_command(attachments)
    for make in (_add, _update, _remove, _show, _preview, _history):
        make(attachments)


def _about(*, changes: bool) -> Callable[[Command], Command]:
    """The options that say which place is meant, and for a change in whose name, why, and on what confirmation."""

    def put(command: Command) -> Command:
        course_help = "The default of all runs of its course, and not this run alone."
        options = [click.option("--course", "to_course", is_flag=True, help=course_help)]
        if changes:
            options += [
                click.option("--as", "as_actor", metavar="ACTOR", help="In whose name; asked of the platform."),
                click.option("--reason", metavar="TEXT", help="Why; kept with the change."),
            ]
        for option in options:
            command = option(command)
        return click.argument("run")(command)

    return put


def _described(command: Command) -> Command:
    """The options of those that attach something."""
    confirm_help = "From `attachments preview`: refused if the template has changed since."
    command = click.option("--confirm", metavar="TOKEN", help=confirm_help)(command)
    return click.option("--file", "file", type=click.File("rb"), required=True, help=FILE_HELP)(command)


# ---- changing --------------------------------------------------------------------------------------


def _attach(group: AppGroup) -> None:
    @group.command("attach")
    @_about(changes=True)
    @click.option("--pair", is_flag=True, help="Course completion, and Certificate of Achievement from 80 % on.")
    @click.option("--file", "file", type=click.File("rb"), help=FILE_HELP)
    @click.option("--confirm", metavar="TOKEN", help="From `attachments preview`.")
    @click.option("--audience", type=click.Choice(attaching.AUDIENCES), default="tenant", help="With --pair.")
    @click.option("--validity", metavar="TIME", help="With --pair: 90 days, 6 months, 2 years, or the last day.")
    def attach(
        run: str,
        pair: bool,
        file: BinaryIO | None,
        confirm: str | None,
        audience: str,
        validity: str | None,
        to_course: bool,
        reason: str | None,
        as_actor: str | None,
    ) -> None:
        """Attach certificates to the course run RUN, which has none: the usual pair, or those that a file describes."""
        if pair is (file is not None):
            raise click.UsageError("Give either --pair or --file.")
        if validity and file is not None:
            raise click.UsageError("--validity is for --pair; a file says it for each certificate.")
        with told():
            rt = current_runtime()
            place = _place(rt, run, to_course)
            by = By(_acting(rt, place, as_actor), reason, confirm)
            holds = parse(validity) if validity else None
            wanted: Sequence[attaching.Terms]
            if file is None:
                wanted = attaching.pair(rt, place.run, audience=audience, holds=holds)
            else:
                wanted = _described_by(rt, place, file)
            _say(place, attaching.attach_many(rt, place, wanted, by))
            changes.catch_up(rt)


def _add(group: AppGroup) -> None:
    @group.command("add")
    @_about(changes=True)
    @_described
    def add(
        run: str, file: BinaryIO, confirm: str | None, to_course: bool, reason: str | None, as_actor: str | None
    ) -> None:
        """Attach more certificates to RUN, whose criteria exclude those of the others."""
        with told():
            rt = current_runtime()
            place = _place(rt, run, to_course)
            by = By(_acting(rt, place, as_actor), reason, confirm)
            _say(place, attaching.add_many(rt, place, _described_by(rt, place, file), by))
            changes.catch_up(rt)


def _update(group: AppGroup) -> None:
    @group.command("update")
    @_about(changes=True)
    @click.argument("number", type=int)
    @_described
    def update(
        run: str,
        number: int,
        file: BinaryIO,
        confirm: str | None,
        to_course: bool,
        reason: str | None,
        as_actor: str | None,
    ) -> None:
        """Put what a file describes in the place of certificate NUMBER of RUN, in one step. Only later ones differ."""
        with told():
            rt = current_runtime()
            place = _place(rt, run, to_course)
            by = By(_acting(rt, place, as_actor), reason, confirm)
            attachment_id = _numbered(rt, place, number)
            wanted = _described_by(rt, place, file)
            if len(wanted) != 1:
                raise OneAtATime(count=len(wanted))
            _say(place, attaching.update(rt, place, attachment_id, wanted[0], by))
            changes.catch_up(rt)


def _remove(group: AppGroup) -> None:
    @group.command("remove")
    @_about(changes=True)
    @click.argument("number", type=int, required=False)
    @click.option("--all", "all_of_them", is_flag=True, help="All certificates, if several are attached.")
    def remove(
        run: str, number: int | None, all_of_them: bool, to_course: bool, reason: str | None, as_actor: str | None
    ) -> None:
        """Remove certificate NUMBER from RUN. What was issued stays as it is."""
        with told():
            rt = current_runtime()
            place = _place(rt, run, to_course)
            by = By(_acting(rt, place, as_actor), reason)
            if number is None and not all_of_them and len(attaching.at(rt, place)) > 1:
                raise WhichAttachment()
            _say(place, attaching.remove(rt, place, by, None if number is None else _numbered(rt, place, number)))
            changes.catch_up(rt)


# ---- looking ---------------------------------------------------------------------------------------


def _show(group: AppGroup) -> None:
    @group.command("show")
    @_about(changes=False)
    @click.option("--json", "as_json", is_flag=True, help="As the file says it from which it could be attached again.")
    def show(run: str, to_course: bool, as_json: bool) -> None:
        """Show what is attached to RUN: its own certificates, else those of its course."""
        with told(as_json=as_json):
            rt = current_runtime()
            place = _place(rt, run, to_course)
            found = attaching.at(rt, place) if to_course else attaching.in_use(rt, place.run)
            if not found:
                raise NothingAttached()
            if as_json:
                written = notation.rule_set_to_json(rule_sets.clauses_of(rt, found))
                click.echo(json.dumps(written, ensure_ascii=False, indent=2))
            else:
                _say_attached(found)


def _preview(group: AppGroup) -> None:
    @group.command("preview")
    @click.argument("run")
    @click.option("--template", default=attaching.TEMPLATE, show_default=True, help="A template of the issuer.")
    @click.option("--json", "as_json", is_flag=True, help="One object of JSON.")
    def preview(run: str, template: str, as_json: bool) -> None:
        """Show sample values for a certificate of RUN, versions and signatories, and the token that confirms them."""
        with told(as_json=as_json):
            rt = current_runtime()
            view = ensure_run(rt, run)
            templates = rule_sets.templates_of(rt, view)
            if template not in templates:
                raise UnknownTemplate(template=template, known=", ".join(templates))
            seen, samples = previewing.preview(rt, view, templates[template])
        if as_json:
            shown: dict[str, Any] = {
                "template": template,
                "versions": {language: str(version) for language, version in seen.versions.items()},
                "values": {each.key: each.text for each in samples},
                "confirmation": seen.token,
            }
            click.echo(json.dumps(shown, ensure_ascii=False))
            return
        for each in samples:
            click.echo(f"{each.label:<30} {each.text}".rstrip())
        for language, version in seen.versions.items():
            click.echo(f"Version in {language}: {version}")
        click.echo(f"To confirm logos, signatures and designations: --confirm {seen.token}")


def _history(group: AppGroup) -> None:
    @group.command("history")
    @_about(changes=False)
    @click.option("--json", "as_json", is_flag=True, help="One object of JSON a line.")
    def history(run: str, to_course: bool, as_json: bool) -> None:
        """Show who attached, changed and removed what, when and why, the latest first."""
        with told(as_json=as_json):
            rt = current_runtime()
            steps = attaching.history(rt, _place(rt, run, to_course))
        for each in steps:
            told_step = attaching.step_to_json(each)
            if as_json:
                click.echo(json.dumps(told_step, ensure_ascii=False))
                continue
            what = "changed" if each.replaces_id else "attached"
            click.echo(f"{each.attached_at:%Y-%m-%d %H:%M} {what} by {each.attached_by}: {each.reason or '-'}")
            click.echo(f"    {each.id} {json.dumps(told_step['rule'])}")
            if each.detached_at is not None:
                click.echo(
                    f"    until {each.detached_at:%Y-%m-%d %H:%M}, by {each.detached_by}: {each.detached_reason or '-'}"
                )


# ---- parts -----------------------------------------------------------------------------------------


def _place(rt: Runtime, run: str, to_course: bool) -> Place:
    return Place(ensure_run(rt, run), to_course)


def _described_by(rt: Runtime, place: Place, file: BinaryIO) -> Sequence[Terms]:
    return rule_sets.terms_of(rt, place.run, notation.rule_set_from_text(file.read()))


def _acting(rt: Runtime, place: Place, name: str | None) -> str:
    """They must be allowed the template, and each run that is concerned (R-029)."""
    actors = {acting(rt, name, "template.use", tenant_ref=place.run.tenant_ref)}
    actors |= {
        acting(rt, name, "run.attach", tenant_ref=each.tenant_ref, run_ref=each.run_ref)
        for each in attaching.runs_of(rt, place)
    }
    [actor] = actors
    return actor


def _numbered(rt: Runtime, place: Place, number: int) -> UUID:
    """The attachment with this place in the order. Raises NothingAttached."""
    for each in attaching.at(rt, place):
        if each.position == number:
            return each.id
    raise NothingAttached()


def _say(place: Place, now: Attached) -> None:
    where = f"the course {place.run.course_ref}" if place.to_course else place.run.run_ref
    if now.attachments:
        click.echo(f"Attached to {where}:")
        _say_attached(now.attachments)
    else:
        click.echo(f"Nothing is attached to {where} any more.")
    for notice in now.notices:
        click.echo(notice.worded(), err=True)


def _say_attached(found: Iterable[AttachmentView]) -> None:
    for each in found:
        words = criteria.worded(each)
        inherited = " (of the course)" if each.of_course else ""
        click.echo(f"{each.position}  {words.name}{inherited}")
        for sentence in words.sentences:
            click.echo(f"   {sentence}")
        if each.facts:
            click.echo(f"   {', '.join(each.facts)}")
        if holds := validities.said(each.validity):
            click.echo(f"   holds: {holds}")
