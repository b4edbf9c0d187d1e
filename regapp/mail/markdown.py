"""One Markdown source, two readings of it: HTML and plain text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from regapp.mail.messages import one_line

WIDTH = 72
"""Characters in a line of plain text; addresses of pages may be longer."""

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_PARSER = MarkdownIt("commonmark", {"html": False})

SCHEMES = ("http://", "https://", "mailto:", "tel:")
"""How an address in an organizer's text may begin; others stay text."""
NARROWEST = 20
"""Characters of a line however deep it is indented."""


def _handwriting() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).disable(
        ["blockquote", "code", "fence", "hr", "html_block", "html_inline", "image", "lheading", "reference"]
    )
    parser.validateLink = lambda url: url.casefold().startswith(SCHEMES)  # type: ignore[method-assign]  # the parser asks it
    return parser


_HANDWRITING = _handwriting()


def as_typed(value: Any) -> str:
    """Return the value as Markdown that reads exactly as it was typed, on one line; empty for None.

    Source: CommonMark, "Backslash escapes": any ASCII punctuation may be escaped, in link addresses too.
    """
    return "" if value is None else _PUNCTUATION.sub(r"\\\1", one_line(str(value)))


def parse(source: str) -> tuple[list[Token], list[Token]]:
    """Return the tokens of the mail and of its small print, which begins at a line of dashes."""
    tokens = _PARSER.parse(source)
    end = next((index for index, token in enumerate(tokens) if token.type == "hr"), len(tokens))
    return tokens[:end], tokens[end + 1 :]


def written(source: str) -> list[Token]:
    """Return the tokens of what an organizer wrote: paragraphs, headings, lists, emphasis, links, and line breaks.

    All else stays text as it was typed: HTML, pictures (which would tell who reads), lines of dashes (which would end
    the mail before its small print).
    """
    tokens = _HANDWRITING.parse(source)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{max(2, int(token.tag[1]))}"  # the first level is the mail's own
        for child in token.children or []:
            if child.type == "softbreak":
                child.type = "hardbreak"
    return tokens


def html(tokens: Sequence[Token]) -> str:
    """Return HTML; facts, the line that names the state and the button get their class."""
    for token, content in zip_longest(tokens, tokens[1:]):
        if token.type in {"blockquote_open", "blockquote_close"}:
            token.tag = "div"
        if token.type == "blockquote_open":
            token.attrSet("class", "facts")
        if token.type == "paragraph_open" and content is not None:
            _name_paragraph(token, content.children or [])
    return str(_PARSER.renderer.render(tokens, _PARSER.options, {}))


def plain(tokens: Sequence[Token]) -> str:
    """Return plain text: wrapped lines, no marks, each link as "text: address"."""
    return _blocks(SyntaxTreeNode(tokens), WIDTH)


def _name_paragraph(paragraph: Token, children: Sequence[Token]) -> None:
    """A paragraph that is emphasised as a whole names the state; one that is a link as a whole is the button."""
    outermost = [child.type for child in children if child.level == 0]
    if outermost == ["em_open", "em_close"]:
        paragraph.attrSet("class", "state")
    if outermost == ["link_open", "link_close"]:
        children[0].attrSet("class", "button")


def _blocks(node: SyntaxTreeNode, width: int) -> str:
    return "\n\n".join(_block(child, width) for child in node.children)


def _block(node: SyntaxTreeNode, width: int) -> str:
    match node.type:
        case "heading" | "paragraph":
            return _wrap(_inline(node.children[0]), width)
        case "blockquote":
            return textwrap.indent(_blocks(node, width - 2), "  ")
        case "bullet_list" | "ordered_list":
            return "\n".join(_item(child, width) for child in node.children)
    raise ValueError(f"mails have no {node.type}")


def _item(node: SyntaxTreeNode, width: int) -> str:
    number = node.info or ""  # the parser notes the number of an ordered item there
    mark = f"{number}. " if number else "- "
    body = textwrap.indent(_blocks(node, width - len(mark)), " " * len(mark))
    return mark + body[len(mark) :]


def _inline(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
    text = "".join(_inline(child) for child in node.children)
    if node.type != "link":
        return text
    address = str(node.attrs["href"])
    return address if text == address else f"{text}: {address}"


def _wrap(text: str, width: int) -> str:
    """Break lines at spaces only: an address that is cut no longer opens."""
    lines, width = text.split("\n"), max(width, NARROWEST)
    return "\n".join(textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in lines)
