"""Tables of web pages: what dashboards offer as .xls is often HTML."""

from __future__ import annotations

from html.parser import HTMLParser

_MOST_SPAN = 1000


def html_tables(text: str) -> dict[str, list[list[str]]]:
    """The cells of every table, by its number; spanned columns hold their text once."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return {f"table {n}": _even(grid) for n, grid in enumerate(reader.grids) if len(grid) > 1}


def _even(grid: list[list[str]]) -> list[list[str]]:
    width = max(map(len, grid))
    return [row + [""] * (width - len(row)) for row in grid]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.grids: list[list[list[str]]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.grids.append([])
        elif tag == "tr" and self.grids:
            self.grids[-1].append([])
            self.inside = False
        elif tag in ("td", "th") and self.grids and self.grids[-1]:
            span = dict(attrs).get("colspan") or "1"
            width = min(int(span), _MOST_SPAN) if span.isascii() and span.isdigit() else 1
            row = self.grids[-1][-1]
            row.append("")
            row += [""] * (width - 1)
            self.place = len(row) - max(width, 1)
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            row = self.grids[-1][-1]
            row[self.place] = f"{row[self.place]} {data.strip()}".strip()
