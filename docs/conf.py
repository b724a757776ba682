"""Sphinx configuration for both languages. `docs/build` builds docs/_site/en and docs/_site/ru with it."""

import re

project = "obzvon"
html_title = "obzvon"
html_show_copyright = False
html_show_sphinx = False

extensions = ["myst_parser"]
myst_heading_anchors = 4
templates_path = ["_templates"]
nitpicky = True

html_theme = "furo"
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/language.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_copy_source = False
html_last_updated_fmt = None

_SECTION = re.compile(r"^## (.+)\n((?:(?!^## ).*\n)*)", re.MULTILINE)
_ENTRY = re.compile(r"^- \[.+?\]\(([\w/-]+)\.md\)", re.MULTILINE)


def _add_navigation(app, docname, source):  # noqa: ARG001 - Sphinx's own signature
    """Append the navigation tree to the index page, built from the page's own lists of links.

    The index is plain Markdown, so that it also reads well on a git host.
    """
    if docname != "index":
        return
    for heading, text in _SECTION.findall(source[0]):
        if entries := _ENTRY.findall(text):
            lines = "\n".join(entries)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n{lines}\n```\n"


def setup(app):
    """Connect the navigation to Sphinx."""
    app.connect("source-read", _add_navigation)
    return {"parallel_read_safe": True}
