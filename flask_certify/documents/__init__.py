"""What people print, keep and show.

Offers, in service.py: templates and their versions, a check of values before anything is granted, and the document of
an award, printed when first wanted and the same bytes from then on.

How it works: a template (HTML in the dialect of dialect.py) is laid out once by xhtml2pdf, in a child process
(compiling.py, layout.py, harvest.py), into a plate (plate.py): graphics, places for values, lines of text. Each
certificate is printed from the plate (press.py) with the fonts that travel with us (fonts.py), shaped by HarfBuzz
(shaping.py), so that every script is right. Values of recipients never meet HTML.

Leaves to others: who may have or see a document (issuing), and what is frozen with an award (awards).
"""
