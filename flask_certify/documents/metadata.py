"""What a document says of itself to programs: title, author, dates, and what it is built to.

It is built to PDF/A-3a and PDF/UA-1. `pdfuaid:part` is no property that PDF/A knows, so an extension schema describes
it, or the file would be neither.
"""

from datetime import UTC, datetime
from xml.sax.saxutils import escape

from .pdf import stream, text

_PRODUCER = "flask-certify"


def stamp(moment: datetime) -> bytes:
    """The moment as PDF writes it."""
    return moment.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ").encode()


def info(title: str, author: str, created: datetime) -> bytes:
    when = stamp(created)
    said = text(title), text(author), _PRODUCER.encode(), when, when
    return b"<</Title%s/Author%s/Producer(%s)/CreationDate(%s)/ModDate(%s)>>" % said


def xmp(title: str, author: str, created: datetime) -> bytes:
    """The same again as XMP, with which it must agree."""
    when = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = _XMP % (escape(title), escape(author), when, when)
    return stream(said.encode(), b"/Type/Metadata/Subtype/XML")


_XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\
<x:xmpmeta xmlns:x="adobe:ns:meta/">\
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"\
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"\
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"\
 xmlns:xmp="http://ns.adobe.com/xap/1.0/"\
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/"\
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"\
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"\
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">\
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>\
<pdfuaid:part>1</pdfuaid:part><dc:format>application/pdf</dc:format>\
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">%s</rdf:li></rdf:Alt></dc:title>\
<dc:creator><rdf:Seq><rdf:li>%s</rdf:li></rdf:Seq></dc:creator>\
<pdf:Producer>{_PRODUCER}</pdf:Producer>\
<xmp:CreateDate>%s</xmp:CreateDate><xmp:ModifyDate>%s</xmp:ModifyDate>\
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">\
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>\
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>\
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>\
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">\
<pdfaProperty:name>part</pdfaProperty:name>\
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>\
<pdfaProperty:category>internal</pdfaProperty:category>\
<pdfaProperty:description>The part of ISO 14289 that is followed</pdfaProperty:description>\
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas>\
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>"""
