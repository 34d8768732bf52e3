"""What may be wrong with a value or a template. Values of these errors never hold a person's name."""

from ..core.errors import BadInput, Conflict, Misconfigured, NotFound
from ..core.i18n import N_


class NoGlyph(BadInput):
    code = "document.no_glyph"
    sentence = N_(
        "%(where)s has characters that cannot be printed: %(characters)s. Correct them at their source and try again."
    )


class SignAlone(BadInput):
    code = "document.sign_alone"
    sentence = N_(
        "%(where)s has signs that stand on no letter: %(characters)s. Correct the spelling at its source and try again."
    )


class NotLive(Conflict):
    code = "document.not_live"
    sentence = N_("This certificate is not valid any more, or not yet, so it cannot be printed.")


class ValueMissing(BadInput):
    code = "document.value_missing"
    sentence = N_("%(where)s is not known, and every certificate shows it.")


class TooLong(BadInput):
    code = "document.too_long"
    sentence = N_(
        "%(where)s is too long for its place, even in the smallest size. Shorten it, or make its place in the "
        "template larger."
    )


class QrTooDense(BadInput):
    code = "document.qr_too_dense"
    sentence = N_(
        "The address in the QR code is too long to be read from paper at %(width_mm)s mm. Make the code larger, or "
        "choose a shorter CERTIFY_PUBLIC_URL."
    )


class TemplateRefused(BadInput):
    """The template cannot be used; the kinds below say why, for its author."""

    code = "template.refused"
    sentence = N_("The template cannot be laid out. Simplify it and save it again.")


class NotAllowed(TemplateRefused):
    code = "template.not_allowed"
    sentence = N_("A template may not use %(what)s.")


class UnknownPlaceholder(TemplateRefused):
    code = "template.unknown_placeholder"
    sentence = N_("The template asks for %(name)s, which there is not. The nearest is %(nearest)s.")


class WrongSlot(TemplateRefused):
    code = "template.wrong_slot"
    sentence = N_("%(slot)s: %(attribute)s is missing or cannot be used.")


class SlotTwice(TemplateRefused):
    code = "template.slot_twice"
    sentence = N_("%(slot)s stands in the template twice. Each value has one place.")


class SlotMissing(TemplateRefused):
    code = "template.slot_missing"
    sentence = N_("Every certificate shows %(slot)s, so the template needs a place for it that can be seen.")


class BoxOffPage(TemplateRefused):
    code = "template.box_off_page"
    sentence = N_("%(slot)s reaches beyond the edge of the page. Move it, or make it smaller.")


class PictureMissing(TemplateRefused):
    code = "template.picture_missing"
    sentence = N_("The template shows the picture %(file)s, which does not come with it.")


class PictureRefused(TemplateRefused):
    code = "template.picture_refused"
    sentence = N_("%(file)s cannot be printed. Use a PNG or JPEG picture of at most %(megapixels)s megapixels.")


class UndrawableText(TemplateRefused):
    code = "template.no_glyph"
    sentence = N_("The template has characters that cannot be printed: %(characters)s.")


class NotOnePage(TemplateRefused):
    code = "template.not_one_page"
    sentence = N_("A certificate is one page; this template makes %(pages)s. Make it smaller, or its margins.")


class PageSize(TemplateRefused):
    code = "template.page_size"
    sentence = N_("A page of %(width_mm)s by %(height_mm)s mm cannot be used. Choose A4, A5 or Letter.")


class TooMuchWork(TemplateRefused):
    code = "template.too_much_work"
    sentence = N_("The template takes too much time or memory to lay out. Simplify it and save it again.")


class TemplateNotFound(NotFound):
    code = "template.not_found"
    sentence = N_("There is no such template, or it has no version yet.")


class TooLarge(TemplateRefused):
    code = "template.too_large"
    sentence = N_("A template with its pictures may have %(most_mb)s MB; this one has %(has_mb)s MB.")


class TooManyPixels(TemplateRefused):
    code = "template.too_many_pixels"
    sentence = N_("A template's pictures may have %(most)s megapixels together; these have %(has)s. Use smaller ones.")


class FontRefused(TemplateRefused):
    code = "template.font_refused"
    sentence = N_("The font %(font)s cannot be used: its outlines must be TrueType, and the file whole.")


class CompilerBroken(Misconfigured):
    code = "documents.compiler_broken"
    sentence = N_("The program that lays templates out cannot run here (%(kind)s). Install flask-certify again.")


class TemplateExists(Conflict):
    code = "template.exists"
    sentence = N_("There is a template %(key)s already. Save a version of it, or choose another key.")


class TemplateKept(Conflict):
    code = "template.kept"
    sentence = N_(
        "This template was attached, and certificates may be printed from it, so it is not deleted. Retire it instead."
    )


class TemplateAttached(Conflict):
    code = "template.attached"
    sentence = N_(
        "This template is attached to course runs: %(runs)s. Attach another one there first; then it can be retired."
    )


class TemplateRetired(Conflict):
    code = "template.retired"
    sentence = N_("This template is retired. Take it up again first.")


class WrongKey(BadInput):
    code = "template.wrong_key"
    sentence = N_("The key of a template has at most 40 small letters, digits and dashes.")


class WrongName(BadInput):
    code = "template.wrong_name"
    sentence = N_("A template has a name of at most 200 characters, and a note of a version at most 500.")


class WrongLanguage(BadInput):
    code = "template.wrong_language"
    sentence = N_("%(language)s is no language in which dates can be written. Use a code such as hi or ta.")


class NoSuchPage(BadInput):
    code = "template.no_such_page"
    sentence = N_("The template has no page in %(language)s yet. Save one first.")


class SameLanguage(BadInput):
    code = "template.same_language"
    sentence = N_("There are two pages in %(language)s. Keep one of them.")


class TooManyPages(BadInput):
    code = "template.too_many_pages"
    sentence = N_(
        "The template has %(pages)s pages, and %(done)s of them took %(seconds)s seconds to lay out: too long to wait "
        "for here. Nothing was saved. Take it in with fewer languages at a time, or with the command "
        "flask certify documents import-template, which waits."
    )


class NoPages(BadInput):
    code = "template.no_pages"
    sentence = N_("A template has at least one page.")
