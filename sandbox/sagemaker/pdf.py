"""A plain PDF of some lines of text, for exported model cards."""

from __future__ import annotations

from collections.abc import Sequence

_LINES = 60


def document_of(title: str, lines: Sequence[str]) -> bytes:
    """A PDF of as many A4 pages as the lines need, in Courier; characters outside Latin-1 become `?`.

    Pure.
    """
    pages = [lines[start : start + _LINES] for start in range(0, max(len(lines), 1), _LINES)]
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>")
    kids = []
    for number, part in enumerate(pages):
        text = _text([title, "", *part] if number == 0 else part)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text))
        kids.append(len(objects) + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
    references = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (references, len(kids))
    return _assemble(objects)


def _text(lines: Sequence[str]) -> bytes:
    shown = []
    for line in lines:
        escaped = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        shown.append(b"(%s) Tj T*" % escaped.encode("latin-1", "replace"))
    return b"BT /F1 9 Tf 12 TL 40 800 Td\n%s\nET" % b"\n".join(shown)


def _assemble(objects: Sequence[bytes]) -> bytes:
    """Number the objects, append the table of their places and the trailer. Pure."""
    out = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    size = len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
