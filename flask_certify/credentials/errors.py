"""What can go wrong with credentials, in sentences. The first group is about one award, the second about an issuer."""

from ..core.errors import BadInput, Conflict, Misconfigured, NotFound, Unavailable
from ..core.i18n import N_


class UnfitCharacter(BadInput):
    code = "credential.unfit_character"
    sentence = N_(
        "The field %(field)s holds the character %(character)s, which cannot be signed. Correct it and try again."
    )


class EmptyText(BadInput):
    code = "credential.empty_text"
    sentence = N_("The field %(field)s is empty, so nothing can be signed. Fill it in and try again.")


class UnfitAddress(BadInput):
    code = "credential.unfit_address"
    sentence = N_(
        "The field %(field)s must be a complete web address in ASCII characters, such as https://example.org/page."
    )


class UnknownAchievementType(BadInput):
    code = "credential.unknown_achievement_type"
    sentence = N_(
        "The type of the achievement is not one that Open Badges knows. Choose another or begin it with ext:."
    )


class TooLarge(BadInput):
    code = "credential.too_large"
    sentence = N_("The certificate's texts are too long to be signed. Shorten the description or the criteria.")


class NotWhollySigned(BadInput):
    code = "credential.not_wholly_signed"
    sentence = N_("Part of the certificate's contents would not be protected by the signature, so it was not signed.")


class NoActiveKey(Misconfigured):
    code = "credential.no_active_key"
    sentence = N_("The issuer has no active key, so no certificate can be signed. Run: flask certify doctor")


class NoSigner(Misconfigured):
    code = "credential.no_signer"
    sentence = N_(
        "The issuer's key is held by a key service, and no signer was handed to init_app that answers for it. "
        "See find_signer."
    )


class NotAMultikey(BadInput):
    code = "key.not_a_multikey"
    sentence = N_("This is not a public Ed25519 key as a Multikey: z6Mk and 44 more characters.")


class UnknownKey(NotFound):
    code = "key.unknown"
    sentence = N_("The issuer has no key that begins with %(key)s, or several. List them with: flask certify keys list")


class KeyNotReady(Conflict):
    code = "key.not_ready"
    sentence = N_(
        "The next key is published since %(since)s, and others may keep the old list of keys for %(minutes)s minutes. "
        "Repeat the command after that, or add --at-once."
    )


class KeyIsOver(Conflict):
    code = "key.is_over"
    sentence = N_("The key is %(state)s already.")


class KeyDoesNotOpen(Misconfigured):
    code = "credential.key_does_not_open"
    sentence = N_(
        "The issuer's key cannot be opened with CERTIFY_MASTER_KEY. Set the master key with which it was sealed; "
        "a new one may be added beside it, for example 1:<old>,2:<new>."
    )


class SignaturesDisagree(Misconfigured):
    code = "credential.signatures_disagree"
    sentence = N_(
        "A check of freshly signed certificates failed, so none of them was stored. Please report this, "
        "with the versions of pyld, pycryptodome and cryptography."
    )


class WrongIssuer(Misconfigured):
    code = "credential.wrong_issuer"
    sentence = N_("Places in the status list of one issuer cannot be used by another.")


class UnknownIssuer(NotFound):
    code = "credential.unknown_issuer"
    sentence = N_("There is no issuer of that name here.")


class UnknownStatusList(NotFound):
    code = "credential.unknown_status_list"
    sentence = N_("There is no status list of that number here.")


class CannotPublish(Unavailable):
    code = "credential.cannot_publish"
    sentence = N_("The status list cannot be signed at the moment. Try again later.")


class NotSigned(NotFound):
    code = "credential.not_signed"
    sentence = N_("There is no signed document for this certificate.")


class UnknownBadge(NotFound):
    code = "credential.unknown_badge"
    sentence = N_("There is no badge at this address.")
