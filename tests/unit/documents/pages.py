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
