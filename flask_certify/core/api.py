"""Our API in somebody else's application: flask-smorest under our own prefix, with errors of our own (decision 13).

    blueprint = api.make_blueprint(dashboards.api, verification.api)
    api.install(app, blueprint, rt)

What a request may look like is validated by the same schemas that the served OpenAPI document is made of. Whether
somebody may do it is asked first. Every error is `{"code", "sentence"}`.
"""

from collections.abc import Callable, Mapping
from functools import partial, wraps
from threading import Lock
from typing import Any, Protocol

import marshmallow as ma
from flask import Flask, current_app, jsonify, request
from flask_smorest import Api, Blueprint  # type: ignore[import-untyped]
from marshmallow import fields, validate
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from . import csrf, web
from .errors import CertifyError, NotFound
from .i18n import N_, c_
from .runtime import Runtime

VERSION = "1"
PATH = f"/api/v{VERSION}"
NAME = "certify_api"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

HTTP: Mapping[int, str] = {
    400: N_("The request cannot be read."),
    415: N_("The request has to be JSON."),
    422: N_("Something in the request cannot be used; the fields say what."),
    500: N_("Something went wrong here. It is in the log."),
}

View = Callable[..., Any]
Guard = Callable[[View], View]


class NoSuchOperation(NotFound):
    code = "api.no_such_operation"
    sentence = N_("The API has nothing at this address. What there is stands in openapi.json.")


# ---- schemas ---------------------------------------------------------------------------------------


class Said(ma.Schema):
    """An object; what it does not know is refused by name."""

    class Meta:
        unknown = ma.RAISE


class Text(fields.String):
    """Text that every database can keep."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **more)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ma.ValidationError("This is not text.") from None
        if "\0" in text:
            raise ma.ValidationError("This is not text.")
        return text


def ref(about: str, **more: Any) -> Text:
    """The host's reference of something."""
    return Text(validate=validate.Length(1, 200), metadata={"description": about}, **more)


def note(about: str, most: int = 500) -> Text:
    return Text(load_default=None, allow_none=True, validate=validate.Length(0, most), metadata={"description": about})


class Error(ma.Schema):
    """What every error says: a code for programs, a sentence for people."""

    code = fields.String(required=True)
    sentence = fields.String(required=True)
    fields_ = fields.Dict(data_key="fields", metadata={"description": "What is wrong with which field, if any is."})


# ---- operations ------------------------------------------------------------------------------------


def operation(
    blueprint: Blueprint,
    method: str,
    path: str,
    view: View,
    guard: Guard,
    *,
    query: type[ma.Schema] | None = None,
    body: type[ma.Schema] | None = None,
    gives: type[ma.Schema] | None = None,
    status: int = 200,
    many: bool = False,
) -> None:
    """Adds one operation. The guard stands before everything: nobody learns what they may not know from a 422."""
    made = blueprint.response(status, gives(many=many) if gives else None)(view)
    if body is not None:
        made = blueprint.arguments(body, location="json")(made)
    if query is not None:
        made = blueprint.arguments(query, location="query")(made)
    blueprint.route(path, methods=[method])(guard(made))


def open_to_all(view: View) -> View:
    """A guard that lets everybody in."""
    return view


def logged_in(view: View) -> View:
    """A guard that lets in whoever the host knows."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        web.acting()
        return view(*args, **kwargs)

    return guarded


# ---- installing ------------------------------------------------------------------------------------


class Room(Protocol):
    """A module that has operations."""

    def register(self, blueprint: Blueprint) -> None: ...


class _OurApi(Api):  # type: ignore[misc]
    ERROR_SCHEMA = Error

    def __init__(self, app: Flask, **more: Any) -> None:
        self._describing = Lock()
        self._describe: Callable[[], None] | None = None
        super().__init__(app, **more)

    def describe_later(self, describe: Callable[[], None]) -> None:
        self._describe = describe

    def document(self) -> dict[str, Any]:
        """The OpenAPI document, described when it is asked for the first time: it takes longer than all the rest of
        a start, and most programs that start never show it."""
        with self._describing:
            if self._describe is not None:
                self._describe()
                self._describe = None
            document: dict[str, Any] = self.spec.to_dict()
            return document

    def _register_error_handlers(self) -> None:
        """The host's error pages stay its own; ours stand on our blueprint."""

    def _register_doc_blueprint(self) -> None:
        """The document is an operation like any other."""


class _Operations(Blueprint):  # type: ignore[misc]
    def register_views_in_doc(self, api: _OurApi, *args: Any, **kwargs: Any) -> None:
        api.describe_later(partial(super().register_views_in_doc, api, *args, **kwargs))


def make_blueprint(*rooms: Room) -> Blueprint:
    """A blueprint with the operations of these rooms, for any number of applications."""
    blueprint = _Operations(NAME, "flask_certify.core.api", description="Certificates")
    for room in rooms:
        room.register(blueprint)
    # By Flask's own way, which describes nothing: these two are no operations.
    add_plain = super(Blueprint, blueprint).add_url_rule
    add_plain("/openapi.json", "get_openapi", get_openapi)
    for rule in ("/", "/<path:path>"):
        add_plain(rule, "get_nothing", get_nothing, methods=METHODS)
    blueprint.url_value_preprocessor(_exempt)
    blueprint.before_request(check_token)
    blueprint.after_request(web.safe)
    blueprint.register_error_handler(CertifyError, answer)
    blueprint.register_error_handler(HTTPException, _answer_http)
    return blueprint


def get_openapi() -> Response:
    api: _OurApi = current_app.extensions["flask-smorest"]["blp_name_to_api"][NAME]
    return jsonify(api.document())


def get_nothing(path: str = "") -> Response:
    raise NoSuchOperation()


def install(app: Flask, blueprint: Blueprint, rt: Runtime) -> None:
    """Puts the blueprint into the application, and the document of all its operations beside it."""
    has_command = "openapi" in app.cli.commands
    smorest = _OurApi(app, config_prefix="CERTIFY", spec_kwargs=_about(rt))
    if not has_command:  # flask-smorest's own command is not ours to add
        app.cli.commands.pop("openapi", None)
    smorest.register_blueprint(blueprint, url_prefix=rt.settings.url_prefix + PATH)


def _about(rt: Runtime) -> dict[str, Any]:
    return {
        "title": "Certificates",
        "version": VERSION,
        "openapi_version": "3.1.0",
        "info": {
            "description": "Attach certificates to course runs, issue, correct and explain them. Who calls is whoever "
            "the learning platform says is logged in; what they may do, it decides as well. A call that changes "
            f"something from a browser's session carries the session's token in the header {csrf.HEADER}."
        },
        "servers": [{"url": rt.settings.public_url}],
    }


def _exempt(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Tells the host's CSRFProtect, whenever it was installed, that these operations check the same token themselves.

    It is told when one of them is called: that comes before every check of the host's, and a host may install its
    protection after us.
    """
    protection = current_app.extensions.get("csrf")
    if protection is not None:
        protection.exempt(current_app.blueprints[NAME])


def check_token() -> None:
    """A browser sends its session by itself, so a change asks for the token. A bearer of a token of the host's own
    is no browser. Raises FormExpired."""
    is_bearer = request.headers.get("Authorization", "").startswith("Bearer ")
    if request.cookies or not is_bearer:
        csrf.check()


# ---- errors ----------------------------------------------------------------------------------------


def answer(error: CertifyError) -> tuple[Response, int]:
    """The error as JSON."""
    return web.with_wait(jsonify(code=error.code, sentence=error.worded()), error), error.status


def _answer_http(error: HTTPException) -> tuple[Response, int]:
    status = error.code or 500
    sentence = HTTP.get(status)
    told: dict[str, Any] = {
        "code": f"http.{status}",
        "sentence": c_(sentence) if sentence else str(error.description or error.name),
    }
    found = getattr(error, "data", None) or {}
    if "messages" in found:
        told["fields"] = found["messages"]
    return jsonify(told), status
