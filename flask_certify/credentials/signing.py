"""Many awards signed at once, without a database. What goes wrong with one is told and stops no other."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from . import contexts, open_badge, proof
from .open_badge import Statement
from .proof import ProofMaker
from .shape_compiler import FormCache
from .shapes import Filled, Form, NotWhollySigned
from .signers import Signer
from .status_list import Place
from .text import LONGEST, UnsignableText


class Disagreement(RuntimeError):
    """What was signed is not what the full algorithm signs, or not with the issuer's key. Nothing may be stored."""


@dataclass(frozen=True, slots=True)
class SignedCredential:
    """A credential with its proof, ready to be stored and handed out."""

    award_id: UUID
    credential_id: UUID
    place: Place
    key_id: str
    text: str = field(repr=False)
    """The signed JSON. Personal data: it holds the recipient's name."""
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """An award that cannot be signed as it is. `code` and `values` belong to a sentence of errors.py."""

    award_id: UUID
    code: str
    values: dict[str, str]


@dataclass(frozen=True)
class Desk:
    """All that signs for one issuer at one moment."""

    signer: Signer
    public_key: bytes
    """As published, from the key table: a signer that was given another key is found out."""
    key_active_from: datetime
    issuer_did: str
    issuer_url: str
    now: datetime
    forms: FormCache
    check_every: int = 1000

    def sign(self, statements: Sequence[Statement], places: Sequence[Place]) -> list[SignedCredential | Refused]:
        """An answer for each statement, in their order. Raises Disagreement, and then nothing may be stored.

        The first, the last and one in `check_every` are computed again by the full algorithm and their proofs are
        checked, from the finished text.
        """
        maker = ProofMaker.start(self.signer, contexts.CREDENTIAL, open_badge.moment(self.now))
        forms = _Forms(self.forms, self.issuer_did, self.issuer_url)
        filled = [self._filled(forms, statement, place) for statement, place in zip(statements, places, strict=True)]
        texts = iter(maker.sign_all([each for each in filled if isinstance(each, Filled)]))
        answers = [
            each if isinstance(each, Refused) else self._signed(statement, place, next(texts))
            for each, statement, place in zip(filled, statements, places, strict=True)
        ]
        signed = [each for each in answers if isinstance(each, SignedCredential)]
        for number in sorted({*range(0, len(signed), self.check_every), len(signed) - 1} if signed else ()):
            if not proof.is_intact(json.loads(signed[number].text), self.public_key):
                raise Disagreement(f"credential {number + 1} of {len(signed)} does not verify")
        return answers

    def _filled(self, forms: "_Forms", statement: Statement, place: Place) -> Filled | Refused:
        form = forms.find(statement, place)
        if isinstance(form, Refused):
            return Refused(statement.award_id, form.code, form.values)
        try:
            return form.fill(open_badge.values(statement, place, self.key_active_from))
        except (UnsignableText, NotWhollySigned) as error:
            return _refused(statement, error)

    def _signed(self, statement: Statement, place: Place, text: str) -> SignedCredential | Refused:
        if len(text) > LONGEST:
            return Refused(statement.award_id, "credential.too_large", {})
        return SignedCredential(statement.award_id, statement.credential_id, place, self.signer.key_id, text, self.now)


@dataclass
class _Forms:
    """What the credentials of one call are filled from. All of a batch share a handful of outlines: neither is one
    made and looked up for each of them, nor is one that is refused tried again."""

    cache: FormCache
    issuer_did: str
    issuer_url: str
    _known: dict[tuple[object, ...], Form | Refused] = field(default_factory=dict)

    def find(self, statement: Statement, place: Place) -> Form | Refused:
        key = (  # the same achievement is the same object, and lives as long as the statements of the call
            id(statement.achievement),
            statement.issuer_name,
            statement.course_title,
            place.url,
            statement.valid_until is None,
            statement.score is None,
        )
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._make(statement, place)
        return found

    def _make(self, statement: Statement, place: Place) -> Form | Refused:
        outline = open_badge.outline_of(self.issuer_did, self.issuer_url, statement, place)
        try:
            return self.cache.find_or_make(outline, lambda: open_badge.template(outline))
        except (UnsignableText, NotWhollySigned) as error:
            return _refused(statement, error)


def _refused(statement: Statement, error: UnsignableText | NotWhollySigned) -> Refused:
    if isinstance(error, NotWhollySigned):
        return Refused(statement.award_id, "credential.not_wholly_signed", {})
    return Refused(statement.award_id, error.code, error.values())
