"""The manual's Markdown as a page for a browser; only what the manual uses, no more."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:48em;margin:2em auto;padding:0 1em;color:#222;background:#fff}"
    "img{max-width:100%;border:1px solid #ccc}table{border-collapse:collapse}"
    "td,th{padding:.3em .6em;border:1px solid #ccc;text-align:left;vertical-align:top}"
    "pre{background:#f3f3f3;padding:.8em;overflow-x:auto}code{background:#f3f3f3}"
)
_ITEM = re.compile(r"(?:-|\d+\.) +")


def page(text: str, title: str, pictures: str) -> str:
    """Return Markdown as an HTML page.

    Args:
        text: Headings, paragraphs, lists, tables, fenced code and pictures.
        title: Of the page.
        pictures: Address of the folder that links to pictures start from, with a slash at its end.
    """
    body = "\n".join(_block(block, pictures) for block in _blocks(text))
    head = f'<meta charset="utf-8"/><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    return f"<!DOCTYPE html>\n<html><head>{head}</head><body>\n{body}\n</body></html>\n"


def _blocks(text: str) -> Iterator[list[str]]:
    """Split at empty lines, but not in code, nor before what is indented below a list's item."""
    block: list[str] = []
    lines = text.splitlines()
    for at, line in enumerate(lines):
        code = sum(part.startswith("```") for part in block) % 2 == 1
        follows = next((later for later in lines[at + 1 :] if later.strip()), "")
        in_list = bool(block) and _ITEM.match(block[0]) is not None
        if line.strip() or code or (in_list and (follows.startswith("   ") or _ITEM.match(follows))):
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _block(lines: list[str], pictures: str) -> str:
    first = lines[0]
    if first.startswith("```"):
        return f"<pre>{html.escape(chr(10).join(lines[1:-1]))}</pre>"
    if heading := re.match(r"(#+) (.*)", first):
        level = len(heading[1])
        return f"<h{level}>{_inline(heading[2], pictures)}</h{level}>"
    if first.startswith("|"):
        return _table(lines, pictures)
    if _ITEM.match(first):
        return _list(lines, pictures)
    return f"<p>{_inline(' '.join(lines), pictures)}</p>"


def _table(lines: list[str], pictures: str) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    head, *body = (row for row in rows if any(set(cell) - set("-: ") for cell in row) or not any(row))
    made = []
    if any(head):
        made.append("".join(f"<th>{_inline(cell, pictures)}</th>" for cell in head))
    made += ["".join(f"<td>{_inline(cell, pictures)}</td>" for cell in row) for row in body]
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in made)}</table>"


def _list(lines: list[str], pictures: str) -> str:
    items: list[list[str]] = []
    for line in lines:
        start = _ITEM.match(line)
        if start:
            items.append([line[start.end() :]])
        else:
            items[-1].append(line.strip())
    kind = "ol" if lines[0][0].isdigit() else "ul"
    parts = []
    for item in items:
        inner = "".join(_block(block, pictures) for block in _blocks("\n".join(item)))
        parts.append(f"<li>{inner}</li>")
    return f"<{kind}>{''.join(parts)}</{kind}>"


def _inline(text: str, pictures: str) -> str:
    """Convert what stands inside a line."""
    codes: list[str] = []

    def keep(found: re.Match[str]) -> str:
        codes.append(found[1])
        return f"\0{len(codes) - 1}\0"

    made = html.escape(re.sub(r"`([^`]+)`", keep, text), quote=False)
    made = re.sub(r"!\[([^\]]*)\]\(([^)]+)\)", rf'<img alt="\1" src="{pictures}\2"/>', made)
    # A page of its own has no other pages beside it.
    made = re.sub(
        r"\[([^\]]+)\]\(([^)]+)\)",
        lambda it: f'<a href="{it[2]}">{it[1]}</a>' if it[2].startswith("https:") else it[1],
        made,
    )
    made = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", made)
    made = re.sub(r"\*([^*]+)\*", r"<i>\1</i>", made)
    return re.sub("\0(\\d+)\0", lambda it: f"<code>{html.escape(codes[int(it[1])])}</code>", made)
