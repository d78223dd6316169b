"""One self-contained HTML page about a run: figures, pictures, what was done."""

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphformers.files import write_text

STYLE = """
:root { --ink: #1d2733; --soft: #5c6b7a; --line: #dfe5ec; --paper: #ffffff; --back: #f4f6f9;
  --accent: #0b6e8f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #9aa8b6; --line: #2e3946;
  --paper: #18202a; --back: #10161d; --accent: #5cc0de; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; margin: 0 0 .75rem; }
.lead { color: var(--soft); margin: 0 0 2rem; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 12px;
  padding: 1.25rem 1.5rem; margin: 0 0 1.25rem; }
.facts { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 0; }
.facts div { min-width: 8rem; }
.facts dt { color: var(--soft); font-size: .85rem; }
.facts dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums;
  color: var(--accent); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; font-size: .85rem; }
tr.best td { font-weight: 650; }
td.number, th.number { text-align: right; }
figure { margin: 0 0 1.25rem; }
figure:last-child { margin: 0; }
img { max-width: 100%; height: auto; border-radius: 8px; background: #fff; }
figcaption { color: var(--soft); font-size: .9rem; margin-top: .35rem; }
pre { overflow-x: auto; background: var(--back); padding: .9rem 1rem; border-radius: 8px;
  font-size: .85rem; margin: 0; }
"""

Cell = str | float | int | None


class Report:
    """Collects sections and writes them as one HTML file without outside references.

    All text is escaped: a molecule's or a mesh's name cannot put markup into the page.
    """

    def __init__(self, title: str, lead: str):
        self.title = title
        self.lead = lead
        self._sections: list[str] = []

    def facts(self, heading: str, facts: Mapping[str, Cell]) -> None:
        """The few numbers a reader wants first, large."""
        entries = "".join(
            f"<div><dt>{_text(name)}</dt><dd>{_cell(value)}</dd></div>"
            for name, value in facts.items()
        )
        self._add(heading, f'<dl class="facts">{entries}</dl>')

    def text(self, heading: str, paragraph: str) -> None:
        """A paragraph."""
        self._add(heading, f"<p>{_text(paragraph)}</p>")

    def code(self, heading: str, text: str) -> None:
        """Text kept as it is: a command, a configuration."""
        self._add(heading, f"<pre>{_text(text)}</pre>")

    def table(
        self, heading: str, rows: Sequence[Mapping[str, Cell]], *, highlight: int | None = None
    ) -> None:
        """A table with the columns of the first row; ``highlight`` is the row to set in bold."""
        if not rows:
            return
        columns = list(rows[0])
        numeric = {name for name in columns if not isinstance(rows[0][name], str)}
        head = "".join(_tag("th", _text(name), name in numeric) for name in columns)
        body = ""
        for number, row in enumerate(rows):
            cells = "".join(_tag("td", _cell(row.get(c)), c in numeric) for c in columns)
            body += f'<tr class="best">{cells}</tr>' if number == highlight else f"<tr>{cells}</tr>"
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        self._add(heading, f'<div class="wide">{table}</div>')

    def pictures(self, heading: str, pictures: Mapping[str, bytes]) -> None:
        """PNG pictures under their captions, embedded in the page."""
        figures = "".join(
            f'<figure><img alt="{_text(caption)}" src="data:image/png;base64,'
            f'{base64.b64encode(png).decode("ascii")}"><figcaption>{_text(caption)}</figcaption>'
            "</figure>"
            for caption, png in pictures.items()
        )
        self._add(heading, figures)

    def write(self, path: str | Path) -> None:
        """Write the page atomically."""
        page = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{_text(self.title)}</title><style>{STYLE}</style></head><body><main>"
            f'<h1>{_text(self.title)}</h1><p class="lead">{_text(self.lead)}</p>'
            f"{''.join(self._sections)}</main></body></html>\n"
        )
        write_text(path, page)

    def _add(self, heading: str, inner: str) -> None:
        self._sections.append(f"<section><h2>{_text(heading)}</h2>{inner}</section>")


def _text(value: str) -> str:
    return html.escape(value, quote=True)


def _cell(value: Cell) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return _text(str(value))


def _tag(tag: str, content: str, number: bool) -> str:
    kind = ' class="number"' if number else ""
    return f"<{tag}{kind}>{content}</{tag}>"
