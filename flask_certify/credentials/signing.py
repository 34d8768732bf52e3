"""Many awards signed at once, without a database. What goes wrong with one is told and stops no other."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from . import contexts, open_badge, proof
from .open_badge import Outline, Statement
from .proof import ProofMaker
from .shape_compiler import FormCache
from .shapes import Form, NotWhollySigned
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
        refused_outlines: dict[Outline, Refused] = {}
        answers = [
            self._answer(maker, statement, place, refused_outlines)
            for statement, place in zip(statements, places, strict=True)
        ]
        signed = [each for each in answers if isinstance(each, SignedCredential)]
        for number in sorted({*range(0, len(signed), self.check_every), len(signed) - 1} if signed else ()):
            if not proof.is_intact(json.loads(signed[number].text), self.public_key):
                raise Disagreement(f"credential {number + 1} of {len(signed)} does not verify")
        return answers

    def _answer(
        self, maker: ProofMaker, statement: Statement, place: Place, refused_outlines: dict[Outline, Refused]
    ) -> SignedCredential | Refused:
        outline = open_badge.outline_of(self.issuer_did, self.issuer_url, statement, place)
        if outline in refused_outlines:  # all of a batch share its title: it need not be tried again for each
            told = refused_outlines[outline]
            return Refused(statement.award_id, told.code, told.values)
        try:
            form = self.forms.find_or_make(outline, lambda: open_badge.template(outline))
        except (UnsignableText, NotWhollySigned) as error:
            refused_outlines[outline] = _refused(statement, error)
            return refused_outlines[outline]
        try:
            return self._signed(maker, form, statement, place)
        except (UnsignableText, NotWhollySigned) as error:
            return _refused(statement, error)

    def _signed(self, maker: ProofMaker, form: Form, statement: Statement, place: Place) -> SignedCredential | Refused:
        filled = form.fill(open_badge.values(statement, place, self.key_active_from))
        text = proof.attach(filled.document_text, maker.prove(filled.canonical_text))
        if len(text) > LONGEST:
            return Refused(statement.award_id, "credential.too_large", {})
        return SignedCredential(statement.award_id, statement.credential_id, place, self.signer.key_id, text, self.now)


def _refused(statement: Statement, error: UnsignableText | NotWhollySigned) -> Refused:
    if isinstance(error, NotWhollySigned):
        return Refused(statement.award_id, "credential.not_wholly_signed", {})
    return Refused(statement.award_id, error.code, error.values())
