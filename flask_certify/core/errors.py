"""Errors that speak to people: a code for programs, a sentence that says what to do.

    CertifyError
    ├── BadInput        422  what was given cannot be used
    ├── NotFound        404  it is not here, or not for you to see
    ├── Forbidden       403  you may not do this
    ├── Conflict        409  it does not fit what is there already
    ├── Unavailable     503  something we need is away; later is not no
    └── Misconfigured   500  an operator must change something

Services raise; doors turn errors into answers. The sentence's gaps are filled from `values`, which never hold
a person's name, address or number, since they are kept in the failure log (R-178).
"""

from typing import ClassVar

from .i18n import N_, c_


class CertifyError(Exception):
    """Something we can name went wrong. `str()` is the English sentence, `worded()` the reader's."""

    code: ClassVar[str] = "error"
    sentence: ClassVar[str] = N_("Something went wrong.")
    status: ClassVar[int] = 500
    retry_seconds: int | None = None
    """After how long it is worth asking again, for whoever waits at a door; None: nobody knows."""

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.sentence % values)

    def worded(self) -> str:
        """The sentence in the reader's language."""
        return c_(self.sentence, **self.values)


class BadInput(CertifyError):
    code = "bad_input"
    sentence = N_("What was sent cannot be used.")
    status = 422


class NotFound(CertifyError):
    code = "not_found"
    sentence = N_("There is nothing here by that name.")
    status = 404


class Forbidden(CertifyError):
    code = "forbidden"
    sentence = N_("You may not do this. Ask somebody who manages this course.")
    status = 403


class NotLoggedIn(Forbidden):
    code = "not_logged_in"
    sentence = N_("Please log in first.")
    status = 401


class Conflict(CertifyError):
    code = "conflict"
    sentence = N_("This does not fit what is there already.")
    status = 409


class Unavailable(CertifyError):
    code = "unavailable"
    sentence = N_("Something needed is away at the moment. Try again later.")
    status = 503
    pause_ms: int | None = None
    """For how long work rests that met this; None: for a while that grows with each attempt."""


class HostUnavailable(Unavailable):
    code = "host.unavailable"
    sentence = N_("The learning platform does not answer at the moment. Nothing is lost; try again later.")


class QueueUnavailable(Unavailable):
    code = "queue.unavailable"
    sentence = N_("The queue does not answer. The work is recorded and starts when the queue is back.")


class DatabaseBusy(Unavailable):
    code = "database.busy"
    sentence = N_("The database is busy with other work. This step changed nothing; try again in a moment.")


class DatabaseAway(Unavailable):
    code = "database.away"
    sentence = N_("The database does not answer (%(kind)s). See its log and SQLALCHEMY_DATABASE_URI; nothing is lost.")


class Misconfigured(CertifyError):
    code = "misconfigured"
    sentence = N_("Certificates are not set up correctly. Run: flask certify doctor")
    status = 500


class MasterKeyMissing(Misconfigured):
    code = "settings.master_key_missing"
    sentence = N_(
        "CERTIFY_MASTER_KEY is not set, so no certificate can be signed. "
        'Make one with: python -c "import secrets; print(secrets.token_hex(32))"'
    )


def find_sentence(code: str) -> str | None:
    """The sentence of the error with this code, among all that are loaded."""
    return _sentences(CertifyError).get(code)


def _sentences(family: type[CertifyError]) -> dict[str, str]:
    found = {family.code: family.sentence}
    for each in family.__subclasses__():
        found |= _sentences(each)
    return found
