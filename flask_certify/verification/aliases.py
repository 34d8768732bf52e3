"""Codes that an earlier system printed: they answer as the certificates that they stand for (R-150)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from ..awards.models import Award
from ..core.db import insert_or_ignore
from ..core.errors import BadInput
from ..core.i18n import N_
from ..core.ids import parse_code
from ..core.runtime import Runtime
from .models import CodeAlias

_DROPPED = re.compile(r"[\s\-‐-―]+")
_FIT = re.compile(r"[A-Z0-9._/:+]{6,64}")
_AT_ONCE = 500


class UnfitAlias(BadInput):
    code = "alias.unfit"
    sentence = N_(
        "Line %(line)s holds no old code of 6 to 64 letters and digits followed by the code of a certificate that is "
        "known here. Nothing was imported."
    )


@dataclass(frozen=True, slots=True)
class Imported:
    new: int
    already: int


def alias_of(typed: str) -> str | None:
    """What somebody typed, as old codes are stored. None if it can be no old code."""
    if len(typed) > 80:
        return None
    alias = _DROPPED.sub("", typed).upper()
    return alias if _FIT.fullmatch(alias) else None


def import_aliases(rt: Runtime, rows: Iterable[tuple[str, str]]) -> Imported:
    """Old codes and the codes that they stand for: all or none, and repeating it changes nothing. Raises UnfitAlias."""
    wanted = list(rows)
    parsed = []
    for line, (old, new) in enumerate(wanted, start=1):
        alias, code = alias_of(old), parse_code(new)
        if alias is None or code is None:
            raise UnfitAlias(line=line)
        parsed.append((alias, code))
    now = rt.clock.now()
    with rt.transaction() as tx:
        before = tx.session.scalar(sa.select(sa.func.count()).select_from(CodeAlias)) or 0
        for at in range(0, len(parsed), _AT_ONCE):
            some = parsed[at : at + _AT_ONCE]
            found = tx.session.execute(
                sa.select(Award.code, Award.id).where(Award.code.in_([code for _, code in some]))
            )
            ids = {row.code: row.id for row in found}
            for offset, (_, code) in enumerate(some):
                if code not in ids:
                    raise UnfitAlias(line=at + offset + 1)
            values = [{"alias": alias, "award_id": ids[code], "imported_at": now} for alias, code in some]
            insert_or_ignore(tx.session, CodeAlias, values, keys=["alias"])
        after = tx.session.scalar(sa.select(sa.func.count()).select_from(CodeAlias)) or 0
    return Imported(after - before, len(parsed) - (after - before))
