"""`flask certify documents`: the templates of a tenant and its signatories, typed."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import click
from flask.cli import AppGroup

from ..achievements.service import IssuerView, SignatoryView, get_issuer_by_slug
from ..core.commands import acting, told
from ..core.current import current_runtime
from ..core.runtime import Runtime
from . import archive, preview, saving, signatories, templates
from .checks import Findings, Warned
from .signatories import Place, WrongSignatory
from .templates import Page, TemplateView

_TENANT = click.option("--tenant", "slug", required=True, metavar="SLUG", help="Whose templates.")
_AS = click.option("--as", "as_actor", metavar="ACTOR", help="In whose name; asked of the platform.")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
EDIT = "template.edit"


def register(documents: AppGroup) -> None:
    for make in (_list, _check, _save, _settle, _retire, _export, _import):
        make(documents)
    people = AppGroup("signatories", help="Whose names are printed under a line.")
    documents.add_command(people)
    for make_one in (_list_signatories, _add_signatory, _remove_signatory):
        make_one(people)


# ---- templates -------------------------------------------------------------------------------------


def _list(documents: AppGroup) -> None:
    @documents.command("list")
    @_TENANT
    def list_(slug: str) -> None:
        """List the templates of a tenant, those in use first, with their versions."""
        with told():
            rt = current_runtime()
            with rt.reading() as session:
                found = templates.list_templates(session, get_issuer_by_slug(session, slug).tenant_ref)
        for each in found:
            click.echo(f"{each.key:<20}  {each.name}  ({_state(each)})")
            for version in each.versions:
                said = f"  {version.note}" if version.note else ""
                click.echo(f"    {version.language} {version.number}  {version.created_at:%Y-%m-%d}{said}")


def _state(each: TemplateView) -> str:
    if each.is_retired:
        return "retired"
    return f"attached in {each.attached} places" if each.attached else "not attached"


def _check(documents: AppGroup) -> None:
    @documents.command("check")
    @_TENANT
    @click.argument("file", type=_FILE)
    @click.option("--language", default="en", show_default=True, help="Of the template's words and dates.")
    def check(slug: str, file: Path, language: str) -> None:
        """Say what saving FILE would say, and save nothing. Ends with 2 if it would be refused."""
        with told():
            rt = current_runtime()
            found = saving.look_at(rt, _issuer(rt, slug).tenant_ref, _page(file), language)
            _tell(found.warnings)
            _tell_sizes(found)
            for refusal in found.refusals[:-1]:
                click.echo(f"{refusal} [{refusal.code}]", err=True)
            for refusal in found.refusals[-1:]:
                raise refusal


def _save(documents: AppGroup) -> None:
    @documents.command("save")
    @_TENANT
    @click.argument("key")
    @click.argument("file", type=_FILE)
    @click.option("--language", default="en", show_default=True, help="Of the template's words and dates.")
    @click.option("--name", help="Of a new template. Default: its key.")
    @click.option("--note", default="", help="What is different, for whoever looks at the versions.")
    @_AS
    def save(slug: str, key: str, file: Path, language: str, name: str | None, note: str, as_actor: str | None) -> None:
        """Save FILE as the template KEY, with the pictures that it shows from the folder it lies in.

        Of a template that is there this makes a new version, which later certificates use.
        """
        with told():
            rt = current_runtime()
            issuer = _issuer(rt, slug)
            actor = acting(rt, as_actor, EDIT, tenant_ref=issuer.tenant_ref)
            pages = {language: _page(file)}
            with rt.reading() as session:
                there = templates.find_by_key(session, issuer.tenant_ref, key)
            if there is None:
                done = saving.make(rt, issuer.tenant_ref, key, name or key, pages, note=note, actor=actor)
            else:
                done = saving.save(rt, there.id, pages, note=note, actor=actor)
        _tell(done.warnings)
        click.echo(f"{key} is saved.")


def _settle(documents: AppGroup) -> None:
    @documents.command("settle")
    @_TENANT
    @click.argument("key")
    @click.option("--name", help="Default: as it is.")
    @click.option("--language", help="In which all its certificates are made; `learner`: in that of each learner.")
    @click.option("--sign", "places", multiple=True, metavar="WHO", help=_WHO)
    @_AS
    def settle(
        slug: str, key: str, name: str | None, language: str | None, places: tuple[str, ...], as_actor: str | None
    ) -> None:
        """Say in which language certificates of the template KEY are made, and who signs them."""
        with told():
            rt = current_runtime()
            issuer = _issuer(rt, slug)
            actor = acting(rt, as_actor, EDIT, tenant_ref=issuer.tenant_ref)
            template = _template(rt, issuer, key)
            warnings = saving.settle(
                rt,
                template.id,
                name=name or template.name,
                language=template.language if language is None else None if language == "learner" else language,
                places=_places(places) if places else template.signatories,
                actor=actor,
            )
        _tell(warnings)
        click.echo(f"{key} is settled.")


_WHO = (
    "First and second: an id on file, `NAME|DESIGNATION` of the template's own, `nobody`, or `file` for those on file."
)


def _places(said: Sequence[str]) -> list[Place] | None:
    if list(said) == ["file"]:
        return None
    return [_place(each) for each in said if each != "nobody"]


def _place(said: str) -> Place:
    try:
        return UUID(said)
    except ValueError:
        name, _, designation = said.partition("|")
    if not designation:
        raise WrongSignatory(longest=signatories.LONGEST)
    return SignatoryView(name, designation, None)


def _retire(documents: AppGroup) -> None:
    for word, act, about in (
        ("retire", saving.retire, "Offer the template KEY no more. Certificates printed from it stay as they are."),
        ("take-up", saving.take_up, "Offer the retired template KEY again."),
        ("delete", saving.delete, "Delete the template KEY, if it was never attached."),
    ):

        @documents.command(word, help=about)
        @_TENANT
        @click.argument("key")
        @_AS
        def change(slug: str, key: str, as_actor: str | None, act: saving.Change = act, word: str = word) -> None:
            with told():
                rt = current_runtime()
                issuer = _issuer(rt, slug)
                actor = acting(rt, as_actor, EDIT, tenant_ref=issuer.tenant_ref)
                act(rt, _template(rt, issuer, key).id, actor=actor)
            click.echo(f"{key}: {word}.")


def _export(documents: AppGroup) -> None:
    @documents.command("export-template")
    @_TENANT
    @click.argument("key")
    @click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
    def export(slug: str, key: str, file: Path) -> None:
        """Write the template KEY with its pictures, languages and notes to FILE, a ZIP."""
        with told():
            rt = current_runtime()
            data = archive.export(rt, _template(rt, _issuer(rt, slug), key).id)
        file.write_bytes(data)
        click.echo(f"{file}: {len(data):,} bytes.")


def _import(documents: AppGroup) -> None:
    @documents.command("import-template")
    @_TENANT
    @click.argument("file", type=_FILE)
    @click.option("--key", help="Default: the one in the file.")
    @click.option("--replace", is_flag=True, help="Make new versions of the template that has this key.")
    @_AS
    def import_(slug: str, file: Path, key: str | None, replace: bool, as_actor: str | None) -> None:
        """Take in a template that was exported, here or elsewhere. All of it is checked; all is saved or nothing."""
        with told():
            rt = current_runtime()
            issuer = _issuer(rt, slug)
            actor = acting(rt, as_actor, EDIT, tenant_ref=issuer.tenant_ref)
            with file.open("rb") as opened:
                data = opened.read(archive.LARGEST + 1)
            done = archive.take_in(rt, issuer.tenant_ref, data, key=key, replace=replace, actor=actor)
            with rt.reading() as session:
                there = templates.get_template(session, done.template_id)
        _tell(done.warnings)
        click.echo(f"{there.key} is saved, in {', '.join(done.versions)}.")


# ---- signatories -----------------------------------------------------------------------------------


def _list_signatories(people: AppGroup) -> None:
    @people.command("list")
    @_TENANT
    def list_(slug: str) -> None:
        """List those on file. A template prints none, one or two of them."""
        with told():
            rt = current_runtime()
            with rt.reading() as session:
                found = signatories.on_file(session, get_issuer_by_slug(session, slug).id)
        for each in found:
            click.echo(f"{each.id}  {each.name}, {each.designation}{'' if each.image_sha else '  (no signature)'}")


def _add_signatory(people: AppGroup) -> None:
    @people.command("add")
    @_TENANT
    @click.argument("name")
    @click.argument("designation")
    @click.option("--image", type=_FILE, help="The signature, as PNG or JPEG.")
    @_AS
    def add(slug: str, name: str, designation: str, image: Path | None, as_actor: str | None) -> None:
        """Put a signatory on file."""
        with told():
            rt = current_runtime()
            issuer = _issuer(rt, slug)
            actor = acting(rt, as_actor, EDIT, tenant_ref=issuer.tenant_ref)
            data = image.read_bytes() if image else None
            click.echo(signatories.put_on_file(rt, issuer.tenant_ref, name, designation, data, actor=actor))


def _remove_signatory(people: AppGroup) -> None:
    @people.command("remove")
    @_TENANT
    @click.argument("signatory_id", type=click.UUID)
    @_AS
    def remove(slug: str, signatory_id: UUID, as_actor: str | None) -> None:
        """Take a signatory off the file. Certificates that name them stay as they are."""
        with told():
            rt = current_runtime()
            issuer = _issuer(rt, slug)
            actor = acting(rt, as_actor, EDIT, tenant_ref=issuer.tenant_ref)
            signatories.take_off_file(rt, issuer.tenant_ref, signatory_id, actor=actor)
        click.echo("Taken off the file.")


# ---- what they share -------------------------------------------------------------------------------


def _issuer(rt: Runtime, slug: str) -> IssuerView:
    with rt.reading() as session:
        return get_issuer_by_slug(session, slug)


def _template(rt: Runtime, issuer: IssuerView, key: str) -> TemplateView:
    with rt.reading() as session:
        return templates.get_by_key(session, issuer.tenant_ref, key)


def _page(file: Path) -> Page:
    """The HTML, and those pictures beside it that it names. Raises NotText."""
    html = preview.read_html(file)
    return Page(html, preview.pictures_beside(file, html))


def _tell(warnings: Sequence[Warned]) -> None:
    for each in warnings:
        click.echo(f"{each} [{each.code}]", err=True)


def _tell_sizes(found: Findings) -> None:
    if found.plate is not None:
        click.echo(f"{found.own:,} bytes for each certificate, beside {found.shared:,} that those of a run share.")
