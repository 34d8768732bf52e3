"""Compiled shapes give what the full algorithm gives, or refuse."""

import copy
import json
import random
from typing import Any

import pytest

from flask_certify.credentials import open_badge
from flask_certify.credentials.canonical import canonicalize, is_wholly_signed
from flask_certify.credentials.shape_compiler import FormCache, compile_shape, form_of
from flask_certify.credentials.shapes import NotCompilable, NotWhollySigned, Shape, SlowForm, slot
from flask_certify.credentials.text import UnfitAddress, UnfitCharacter, UnsignableText
from tests.support.credentials import DID, KEY_ACTIVE_FROM, NOW, hostile_name, place, some_id, statement

FILLINGS = 70  # of each of five shapes

Document = dict[str, Any]


def template(**changes: Any) -> Document:
    """An award's credential with its slots."""
    said = statement(**changes)
    return open_badge.template(open_badge.outline_of(DID, "https://example.org", said, place()))


def without_criteria_id(document: Document) -> Document:
    del document["credentialSubject"]["achievement"]["criteria"]["id"]
    return document


def without_blank_nodes(document: Document) -> Document:
    subject = document["credentialSubject"]
    del subject["identifier"]
    subject["name"] = slot("recipient_name")
    return document


def with_second_identifier(document: Document) -> Document:
    document["credentialSubject"]["identifier"].append(
        {
            "type": "IdentityObject",
            "identityType": "emailAddress",
            "identityHash": slot("email_hash"),
            "hashed": True,
            "salt": slot("email_salt"),
        }
    )
    return document


SHAPES = {
    "no blank node": (0, without_blank_nodes(template())),
    "name": (1, template()),
    "name and criteria": (2, without_criteria_id(template())),
    "name, score and expiry": (2, template(score="1", valid_until=NOW)),
    "two identifiers, score and criteria": (4, with_second_identifier(without_criteria_id(template(score="1")))),
}


def values(slots: frozenset[str], rng: random.Random) -> dict[str, str]:
    every = {
        "credential_id": f"urn:uuid:{some_id(rng)}",
        "subject_id": f"urn:uuid:{some_id(rng)}",
        "code": "7G4K9QXM2TPD",
        "recipient_name": hostile_name(rng),
        "valid_from": f"2026-0{rng.randrange(1, 10)}-11T05:06:0{rng.randrange(10)}Z",
        "awarded_date": "2026-01-02T03:04:05Z",
        "valid_until": "2036-01-02T03:04:05Z",
        "status_index": str(rng.randrange(131_072)),
        "email_hash": f"sha256${rng.getrandbits(256):064x}",
        "email_salt": f"{rng.getrandbits(64):016x}",
        "score": str(rng.randrange(101)),
        "other_name": hostile_name(rng),
    }
    return {name: every[name] for name in slots}


@pytest.mark.parametrize(("blank_nodes", "document"), SHAPES.values(), ids=SHAPES)
def test_hostile_fillings_give_the_text_of_the_full_algorithm(blank_nodes: int, document: Document):
    rng = random.Random(blank_nodes)
    shape = compile_shape(document)
    assert len(shape.blank_nodes) == blank_nodes

    for _ in range(FILLINGS):
        given = values(shape.slots, rng)
        filled = shape.fill(given)
        assert filled.canonical_text == canonicalize(json.loads(filled.document_text)), given


def test_the_json_says_what_was_given():
    shape = compile_shape(template())
    given = values(shape.slots, random.Random(1)) | {"recipient_name": '"\\ {x} _:c14n0 \u2028 ಕ\u200d😀'}

    document = json.loads(shape.fill(given).document_text)

    assert document["credentialSubject"]["identifier"][0]["identityHash"] == given["recipient_name"]
    assert document["credentialStatus"]["statusListIndex"] == given["status_index"]
    assert document["credentialStatus"]["id"].endswith(f"#{given['status_index']}")


def test_a_description_with_label_text_braces_and_odd_line_ends_is_signed_rightly():
    tricky = template()
    tricky["credentialSubject"]["achievement"]["description"] = '_:c14n1 {x} \u2028 \u0085 \\ " line\nfeed\ttab'
    shape = compile_shape(with_second_identifier(tricky))

    filled = shape.fill(values(shape.slots, random.Random(2)))

    assert filled.canonical_text == canonicalize(json.loads(filled.document_text))


def test_a_title_that_looks_like_another_process_marker_stays_a_title():
    titled = template(course_title="urn:slot:0123456789abcdef:recipient_name:")
    shape = compile_shape(titled)

    assert (
        "urn:slot:0123456789abcdef:recipient_name:" in shape.fill(values(shape.slots, random.Random(3))).document_text
    )


def test_equal_blank_nodes_go_through_the_full_algorithm():
    twins = template()
    identifiers = twins["credentialSubject"]["identifier"]
    identifiers.append(copy.deepcopy(identifiers[0]) | {"identityHash": slot("other_name")})
    shape = compile_shape(twins)
    given = values(shape.slots, random.Random(4)) | {"recipient_name": "Asha", "other_name": "Asha"}

    filled = shape.fill(given)

    assert filled.canonical_text == canonicalize(json.loads(filled.document_text))


# ---- what is never signed ----------------------------------------------------------------------------------------


def changed(*path: str, **members: Any) -> Document:
    document = template()
    inner = document
    for step in path:
        inner = inner[step]
    inner.update(members)
    return document


UNSIGNED = {
    "an unknown member": changed(note="hello"),
    "an unknown member with a value that is also signed elsewhere": changed(
        "credentialSubject", note=slot("recipient_name")
    ),
    "an unknown type": changed(type=["VerifiableCredential", "Prize"]),
    "a relative address": changed("credentialSubject", "achievement", id="courses/1"),
    "a null": changed("credentialSubject", "achievement", image=None),
    "an empty array": changed("credentialSubject", "achievement", tag=[]),
}


@pytest.mark.parametrize("document", UNSIGNED.values(), ids=UNSIGNED)
def test_a_template_of_which_a_part_would_not_be_signed_is_refused(document: Document):
    with pytest.raises(NotWhollySigned):
        form_of(document)


def test_a_control_character_in_a_fixed_text_is_refused():
    with pytest.raises(UnfitCharacter):
        form_of(changed("credentialSubject", "achievement", description="bell\x07"))


@pytest.mark.parametrize("name", ["a\x07", "a\x0b", "a\x7f", "a\ud800", "a\ufffe", "a\uffff", "a\x00"])
def test_a_name_on_which_implementations_disagree_is_refused_and_not_quoted(name: str):
    shape = compile_shape(template())
    given = values(shape.slots, random.Random(5)) | {"recipient_name": f"Asha {name}"}

    with pytest.raises(UnfitCharacter) as caught:
        shape.fill(given)

    assert caught.value.values() == {"field": "recipient_name", "character": f"U+{ord(name[1]):04X}"}
    assert "Asha" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["schema:x", "1234", "https://x/ y", "https://x/\x7f", "urn:uuid:x", "https://x/é", "", "x:y"]
)
def test_a_credential_id_that_a_processor_would_rewrite_or_drop_is_refused(address: str):
    shape = compile_shape(template())

    with pytest.raises(UnfitAddress):
        shape.fill(values(shape.slots, random.Random(6)) | {"credential_id": address})


@pytest.mark.parametrize("index", ["8> <urn:x", "", "..", "7#8", "1/2", "é"])
def test_a_status_index_that_would_leave_its_address_is_refused(index: str):
    shape = compile_shape(template())

    with pytest.raises(UnfitAddress):
        shape.fill(values(shape.slots, random.Random(7)) | {"status_index": index})


def test_a_missing_or_superfluous_value_is_refused():
    shape = compile_shape(template())
    given = values(shape.slots, random.Random(8))

    with pytest.raises(ValueError, match="are needed"):
        shape.fill({name: value for name, value in given.items() if name != "recipient_name"})
    with pytest.raises(ValueError, match="are needed"):
        shape.fill(given | {"nickname": "Asha"})


# ---- the slow way ------------------------------------------------------------------------------------------------


def nameless() -> Document:
    """Without an id the subject is a blank node that refers to another, and the shape cannot be cut."""
    document = template()
    del document["credentialSubject"]["id"]
    return document


def test_a_shape_that_cannot_be_cut_is_filled_by_the_full_algorithm():
    with pytest.raises(NotCompilable):
        compile_shape(nameless())
    form = form_of(nameless())
    assert isinstance(form, SlowForm)

    for seed in range(5):
        filled = form.fill(values(form.slots, random.Random(seed)))
        document = json.loads(filled.document_text)
        assert filled.canonical_text == canonicalize(document)
        assert is_wholly_signed(document)


def test_the_slow_way_refuses_what_the_fast_one_refuses():
    form = form_of(nameless())
    assert isinstance(form, SlowForm)
    given = values(form.slots, random.Random(9))

    with pytest.raises(UnsignableText):
        form.fill(given | {"recipient_name": "bell\x07"})
    with pytest.raises(NotWhollySigned):
        form.fill(given | {"credential_id": "relative/address"})


# ---- the cache ---------------------------------------------------------------------------------------------------


def test_a_cached_form_is_made_once_and_the_oldest_unused_one_is_let_go():
    made: list[str] = []
    cache = FormCache(size=2)

    def ask(key: str) -> None:
        def make() -> Document:
            made.append(key)
            return template()

        assert isinstance(cache.find_or_make(key, make), Shape)

    for key in ("a", "b", "a", "c", "a", "b"):
        ask(key)

    assert made == ["a", "b", "c", "b"]


def test_statements_that_differ_in_more_than_their_values_have_different_outlines():
    def outline(**changes: Any) -> open_badge.Outline:
        return open_badge.outline_of(DID, "https://example.org", statement(**changes), place())

    assert outline() == outline(name="Ben Okri", awarded_date=KEY_ACTIVE_FROM)
    for changes in ({"score": "1"}, {"valid_until": NOW}, {"course_title": "B"}, {"issuer_name": "C"}):
        assert outline(**changes) != outline()
