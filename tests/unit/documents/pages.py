"""A small template, to which a test adds what it is about."""


def page(more: str = "", *, css: str = "", size: str = "a4 landscape", position: str = "absolute") -> str:
    return f"""<html><head><title>x</title><style>
@page {{ size: {size}; margin: 0 }}
body {{ font-family: NotoSans }}
div {{ position: {position} }}
{css}
</style></head><body>
<div style="left:20mm; top:30mm"><img data-slot="recipient.name" data-size="30" style="width:200mm; height:40mm"></div>
<div style="left:20mm; top:80mm"><img data-slot="certificate.code" data-kind="code"
 style="width:80mm; height:8mm"></div>
<div style="left:20mm; top:100mm"><img data-slot="qr" data-kind="qr" style="width:30mm; height:30mm"></div>
{more}
</body></html>"""


def whole(more: str = "", **changed: str) -> str:
    """The same with every part that a template has to have when it is saved (R-014)."""
    return page(PARTS + more, **changed)


PARTS = "".join(
    f"""<div style="left:60mm; top:{top}mm"><img data-slot="{slot}" data-size="14" data-min="7" data-lines="2"
 style="width:180mm; height:14mm"></div>"""
    for slot, top in (("course.title", 100), ("completion.date", 118), ("issuer.name", 136))
)
