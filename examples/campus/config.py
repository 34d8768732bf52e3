"""The campus's settings, from the environment; whatever is made here lies in the folder CAMPUS_VAR."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DEFAULT_FOLDER = Path("var", "campus")
DEFAULT_ADDRESS = "http://localhost:8080"


def from_environment(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What `create_app` puts into the application's configuration. An empty variable is as good as none."""
    folder = folder_of(environ)
    return {
        "CAMPUS_VAR": folder,
        "SECRET_KEY": kept_secret(folder / "secret.key"),
        "SQLALCHEMY_DATABASE_URI": environ.get("SQLALCHEMY_DATABASE_URI") or f"sqlite:///{folder / 'campus.db'}",
        "SESSION_COOKIE_NAME": "campus",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CERTIFY_PUBLIC_URL": environ.get("CERTIFY_PUBLIC_URL") or DEFAULT_ADDRESS,
        "CERTIFY_REDIS_URL": environ.get("CERTIFY_REDIS_URL") or "",
        "CERTIFY_MASTER_KEY": environ.get("CERTIFY_MASTER_KEY") or kept_secret(folder / "master.key", "1:"),
        "CERTIFY_MAIL": environ.get("CERTIFY_MAIL") or f"outbox:{folder / 'outbox'}",
        "CERTIFY_MAIL_FROM": environ.get("CERTIFY_MAIL_FROM") or "certificates@campus.example",
        "CERTIFY_FILES": environ.get("CERTIFY_FILES") or str(folder / "files"),
        "CERTIFY_SMS": environ.get("CERTIFY_SMS") or f"outbox:{folder / 'outbox'}",
    }


def folder_of(environ: Mapping[str, str]) -> Path:
    """The folder for everything the campus writes; made if need be."""
    folder = Path(environ.get("CAMPUS_VAR") or DEFAULT_FOLDER).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kept_secret(path: Path, version: str = "") -> str:
    """What the file holds: at first the version and 32 secret bytes in hexadecimal digits, made by the first who asks.

    Only its owner may read it. It appears whole or not at all, so that two who begin at once read the same.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(version + secrets.token_hex(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
