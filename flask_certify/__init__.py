"""Certificates for a learning platform written in Flask.

    certify = Certify()
    certify.init_app(app, db=db, host=CampusHost())

`help(flask_certify.Certify)` says what an application may call afterwards, `flask_certify.host.ports` what it has to
answer, `flask_certify.testing.contracts` tests whether it does, `flask certify --help` lists the commands.

A host installs `Certify` and gives `include_object` to its own Alembic. The names are loaded when they are used, so
that importing the package costs hardly more than importing Flask.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.schema import include_object
    from .extension import Certify

__all__ = ["Certify", "include_object"]


def __getattr__(name: str) -> Any:
    if name == "Certify":
        from .extension import Certify

        return Certify
    if name == "include_object":
        from .core.schema import include_object

        return include_object
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
