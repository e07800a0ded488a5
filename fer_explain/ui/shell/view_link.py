"""The address of the page restores the view: tab, model, explanation and target class; never the photo.

Choices of a visitor are written into the address by the browser alone. What an address asks for is taken only where
there is such a thing; the rest of it is passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import gradio as gr

from fer_explain.ui.shell.context import AT_ONCE, Page

_NOTE: Final = """(value) => {
  const address = new URL(location.href);
  address.searchParams.set('NAME', value);
  history.replaceState(history.state, '', address);
}"""
# The browser clicks the tab, at once: a function that selects it would wait until the libraries are imported.
_OPEN: Final = """() => {
  const tab = new URL(location.href).searchParams.get('tab');
  document.querySelector(`#tabs button[role="tab"][data-tab-id="${CSS.escape(tab ?? '')}"]`)?.click();
}"""


def noting(name: str) -> str:
    """JavaScript that writes the value it is given into the address."""
    return _NOTE.replace("NAME", name)


def note(event: Callable[..., Any], name: str, box: gr.Dropdown | gr.Radio) -> None:
    """Has a choice written into the address after ``event``, e.g. ``box.select`` or ``chosen.then``."""
    event(None, box, None, js=noting(name), **AT_ONCE)


def keep_tab(page: Page) -> None:
    """The open tab is part of the address."""
    for name, tab in page.tabs.items():
        tab.select(None, js=noting("tab").replace("(value)", f"(value = '{name}')"), **AT_ONCE)
    page.blocks.load(None, js=_OPEN, **AT_ONCE)


def restore(page: Page, name: str, box: gr.Dropdown | gr.Radio, make: Callable[[str, gr.Request], Any]) -> Any:
    """Has a choice taken from the address when the page is opened.

    Args:
        page: whose address it is.
        name: of the choice in the address.
        box: where it is made.
        make: the value, or an update, that makes the choice; None where there is no such thing.

    Returns:
        The event.
    """

    def read(request: gr.Request) -> Any:
        wanted = request.query_params.get(name)
        made = make(wanted, request) if wanted else None
        return gr.skip() if made is None else made

    return page.blocks.load(read, None, box, **AT_ONCE)
