"""Markdown of prompts and answers is safe to show."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.markdown import render_markdown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**lodi** eta *etzan*", "<p><strong>lodi</strong> eta <em>etzan</em></p>"),
        ("bat\nbi", "<p>bat<br>\nbi</p>"),
        ("~~oker~~", "<p><s>oker</s></p>"),
        ("3. hiru", '<ol start="3">\n<li>hiru</li>\n</ol>'),
        ("```py\n<b>\n```", '<pre tabindex="0"><code>&lt;b&gt;\n</code></pre>'),
    ],
)
def test_what_people_write_is_rendered(text: str, html: str) -> None:
    assert render_markdown(text).strip() == html


def test_tables_are_rendered_without_styles() -> None:
    html = render_markdown("| a | b |\n|:--|--:|\n| 1 | 2 |")
    assert "<td>1</td>" in html
    assert "style" not in html


def test_links_leave_the_site_and_take_nothing_along() -> None:
    html = render_markdown("[Euskaltzaindia](https://www.euskaltzaindia.eus)")
    assert 'href="https://www.euskaltzaindia.eus"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "<style>body{display:none}</style>",
        "<iframe src=https://example.org></iframe>",
        '<a href="javascript:alert(1)">x</a>',
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "[x](/admin/)",
        "[x](//example.org)",
        "![x](https://example.org/pixel.png)",
        "![x](javascript:alert(1))",
        '<https://example.org/"onmouseover=alert(1)>',
        "[x](https://example.org/'onmouseover=alert(1))",
    ],
)
def test_hostile_text_does_nothing(text: str) -> None:
    assert _dangers(render_markdown(text)) == []


def test_a_picture_becomes_its_description() -> None:
    assert render_markdown("![*mapa* bat](https://example.org/m.png)").strip() == "<p>mapa bat</p>"


@given(st.text(alphabet="<>&\"'`[]()!*_~|\\-#:/ \nabjscript=onx1.", max_size=200))
def test_nothing_dangerous_comes_out_of_anything(text: str) -> None:
    assert _dangers(render_markdown(text)) == []


def _dangers(html: str) -> list[str]:
    """Elements, attributes and addresses that are none of the few that belong in an answer, as a browser reads it."""
    reader = _Reader()
    reader.feed(html)
    return reader.found


class _Reader(HTMLParser):
    TAGS = frozenset(
        ["p", "br", "hr", "strong", "em", "s", "blockquote", "pre", "code", "ul", "ol", "li", "a"]
        + ["table", "thead", "tbody", "tr", "th", "td"]
    )
    ATTRIBUTES = frozenset({"href", "title", "start", "rel", "target", "tabindex"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.TAGS and not re.fullmatch("h[1-6]", tag):
            self.found.append(tag)
        for name, value in attrs:
            if name not in self.ATTRIBUTES:
                self.found.append(name)
            if name == "href" and not re.match(r"(https?://|mailto:)", value or "", re.IGNORECASE):
                self.found.append(value or "")
