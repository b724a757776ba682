"""Справка: the dispatcher's guide, a page of the documentation that the editor serves."""

from itertools import pairwise
from pathlib import Path

from flask import Blueprint, abort, render_template, send_from_directory, url_for
from flask.typing import ResponseReturnValue
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

guide = Blueprint("guide", __name__, url_prefix="/help")

#: Where the guide is: beside this module in an installed package, in the documentation of a checkout.
_FOLDERS = (Path(__file__).with_name("guide"), Path(__file__).parents[1] / "docs" / "ru" / "guide")
_IMAGES = "images"
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def guide_folder() -> Path:
    """Return the folder of the guide and its pictures. Raises FileNotFoundError where it was not installed."""
    for folder in _FOLDERS:
        if (folder / "index.md").is_file():
            return folder
    raise FileNotFoundError(_FOLDERS[0] / "index.md")


@guide.get("")
def index() -> ResponseReturnValue:
    """Show the guide."""
    try:
        text = (guide_folder() / "index.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        abort(404)
    title, contents, body = _render(text)
    return render_template("guide.html", title=title, contents=contents, body=body)


@guide.get(f"/{_IMAGES}/<name>.png")
def picture(name: str) -> ResponseReturnValue:
    """Send a picture of the guide."""
    try:
        return send_from_directory(guide_folder() / _IMAGES, f"{name}.png")
    except FileNotFoundError:
        abort(404)


def _render(text: str) -> tuple[str, list[tuple[str, str]], Markup]:
    """Return the title, the sections (id and heading) and the rest of the page as HTML.

    The page is ours and its HTML is switched off, so the result is safe.
    """
    tokens = _markdown.parse(text)
    contents: list[tuple[str, str]] = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag == "h2":
            key = f"part-{len(contents) + 1}"
            opening.attrSet("id", key)
            contents.append((key, inline.content))
        for child in inline.children or ():
            _point_to_picture(child)
    title = tokens[1].content  # the first heading
    return title, contents, Markup(_markdown.renderer.render(tokens[3:], _markdown.options, {}))  # noqa: S704


def _point_to_picture(token: Token) -> None:
    if token.type == "image":
        name = Path(str(token.attrGet("src"))).stem
        token.attrSet("src", url_for("guide.picture", name=name))
        token.attrSet("loading", "lazy")
