"""Markdown of prompts and answers as HTML that is safe to show.

The battle's page does the same in the browser while an answer streams; this is for pages that are made on the server.
"""

import re
from collections.abc import MutableMapping, Sequence
from typing import Any

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

_TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "blockquote", "pre", "code"),
    *("ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_ABSOLUTE = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)


class _Renderer(RendererHTML):
    """Pictures become their description: an answer must not make a reader's browser fetch anything."""

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]) -> str:
        return str(escape(self.renderInlineAsText(tokens[idx].children, options, env)))


def _keep_attribute(_tag: str, name: str, value: str) -> str | None:
    # A link without a host would lead into this site.
    return None if name == "href" and not _ABSOLUTE.match(value) else value


_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_Renderer).enable(
    ["table", "strikethrough"]
)


def render_markdown(text: str) -> SafeString:
    """HTML of markdown, without pictures, styles, scripts, and links to anywhere but http, https and mailto.

    HTML in the text is shown as text. What the renderer makes is cleaned again, so that a fault in it does no harm.
    """
    html = nh3.clean(
        _markdown.render(text),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_keep_attribute,
        link_rel="noopener noreferrer nofollow",
        # What is wider than its box is scrolled by keyboard too.
        set_tag_attribute_values={"a": {"target": "_blank"}, "pre": {"tabindex": "0"}, "table": {"tabindex": "0"}},
    )
    return mark_safe(html)  # noqa: S308 - cleaned on the line above
