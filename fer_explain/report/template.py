"""The HTML files beside this one, as templates."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup
from plotly.offline import get_plotlyjs


@cache
def template(name: str) -> Template:
    """A page that extends ``base.html``, which holds plotly.js; every text that is put into it is escaped.

    Args:
        name: the file, e.g. ``report.html``.
    """
    loader = PackageLoader("fer_explain.report", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template(name, globals={"plotly_js": Markup(get_plotlyjs())})
