"""What the API about templates takes and gives."""

import base64
import binascii
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..core.api import Said, Text, note
from ..documents import archive
from ..documents.signatories import MOST

_LONGEST_HTML = 200_000


class Base64(Text):
    """Bytes, as base64."""

    def _serialize(self, value: Any, attr: Any, obj: Any, **more: Any) -> str | None:
        return base64.b64encode(value).decode() if value is not None else None

    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> Any:
        try:
            return base64.b64decode(super()._deserialize(value, attr, data, **more), validate=True)
        except (binascii.Error, ValueError):
            raise ma.ValidationError("This is not base64.") from None


def a_file(about: str, **more: Any) -> Base64:
    return Base64(validate=validate.Length(0, archive.LARGEST), metadata={"description": f"{about}, as base64"}, **more)


def a_name(**more: Any) -> Text:
    return Text(validate=validate.Length(1, 200), **more)


def a_key(**more: Any) -> Text:
    about = "At most 40 small letters, digits and dashes."
    return Text(validate=validate.Length(1, 40), metadata={"description": about}, **more)


# ---- what is asked ---------------------------------------------------------------------------------


class PageBody(Said):
    language = Text(load_default="en", validate=validate.Length(1, 20))
    html = Text(required=True, validate=validate.Length(1, _LONGEST_HTML))
    pictures = fields.Dict(
        keys=Text(validate=validate.Length(1, 90)),
        values=a_file("PNG or JPEG"),
        load_default=dict,
        metadata={"description": "By file name. Those of the newest page of the language that are not named stay."},
    )


class SaveBody(PageBody):
    note = note("What is different.")


class MakeBody(SaveBody):
    key = a_key(required=True)
    name = a_name(required=True)


class ImportBody(Said):
    file = a_file("A template that was exported", required=True)
    key = a_key(load_default=None, allow_none=True)
    replace = fields.Boolean(load_default=False, metadata={"description": "New versions of the one of that key."})


class SignatoryBody(Said):
    name = a_name(required=True)
    designation = a_name(required=True)
    image = a_file("PNG or JPEG", load_default=None, allow_none=True)


class PlaceBody(Said):
    on_file = fields.UUID(load_default=None, allow_none=True)
    own = fields.Nested(SignatoryBody, load_default=None, allow_none=True)


class SettleBody(Said):
    name = a_name(required=True)
    language = Text(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 20),
        metadata={"description": "Of all its certificates; null: that of each learner."},
    )
    signatories = fields.List(
        fields.Nested(PlaceBody),
        load_default=None,
        allow_none=True,
        validate=validate.Length(0, MOST),
        metadata={"description": "Who is printed, place by place; null: the first of those on file."},
    )


# ---- what is given ---------------------------------------------------------------------------------


class Finding(ma.Schema):
    code = fields.String(required=True)
    sentence = fields.String(required=True)


class Checked(ma.Schema):
    refusals = fields.List(fields.Nested(Finding), required=True)
    warnings = fields.List(fields.Nested(Finding), required=True)
    own_bytes = fields.Integer(required=True, metadata={"description": "Of each certificate alone."})
    shared_bytes = fields.Integer(required=True, metadata={"description": "That those of a run share."})


class Version(ma.Schema):
    id = fields.UUID(required=True)
    language = fields.String(required=True)
    number = fields.Integer(required=True)
    note = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    created_by = fields.String(required=True)


class Place(ma.Schema):
    on_file = fields.UUID(allow_none=True)
    name = fields.String(allow_none=True)
    designation = fields.String(allow_none=True)


class Template(ma.Schema):
    id = fields.UUID(required=True)
    key = fields.String(required=True)
    name = fields.String(required=True)
    retired = fields.Boolean(required=True, attribute="is_retired")
    language = fields.String(required=True, allow_none=True)
    signatories = fields.List(fields.Nested(Place), required=True, allow_none=True)
    attached = fields.Integer(required=True, metadata={"description": "In how many places."})
    versions = fields.List(fields.Nested(Version), required=True)


class Saved(ma.Schema):
    template_id = fields.UUID(required=True)
    versions = fields.Dict(required=True, metadata={"description": "By language."})
    warnings = fields.List(fields.Nested(Finding), required=True)


class File(ma.Schema):
    name = fields.String(required=True)
    data = Base64(required=True, metadata={"description": "A ZIP, as base64."})


class Signatory(ma.Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    designation = fields.String(required=True)
    has_image = fields.Boolean(required=True)
