"""What is held of each session: its states, and nothing of what the page shows."""

from __future__ import annotations

import gradio as gr
import httpx

from fer_explain.ui.shell.memory import Memory
from fer_explain.ui.shell.state_holder import Holder


def ask(url: str, session: str, text: str) -> str:
    """One event of an open page."""
    with httpx.Client(base_url=f"{url}gradio_api", timeout=20) as page:
        body = {"fn_index": 0, "session_hash": session, "data": [text, None]}
        page.post("/queue/join", json=body).raise_for_status()
        return page.get("/queue/data", params={"session_hash": session}).text


def test_a_session_keeps_its_state_and_no_copy_of_the_page() -> None:
    def note(text: str, before: list[str]) -> tuple[dict[str, object], list[str]]:
        return gr.update(value=f"{before}", label=text), [*before, text]

    with gr.Blocks() as blocks:
        box, state = gr.Textbox(), gr.State([])
        box.submit(note, [box, state], [box, state])
    memory = Memory()
    _, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True, app_kwargs={"lifespan": memory.lifespan})
    try:
        ask(url, "one", "first")
        assert "['first']" in ask(url, "one", "second")
        assert "[]" in ask(url, "other", "third")
        held = blocks.state_holder.session_data
        assert isinstance(blocks.state_holder, Holder)
        assert blocks.state_holder._pages is memory.pages
        assert held["one"].state_data == {state._id: ["first", "second"]}
        assert held["one"].blocks_config.blocks[box._id].label == "second"
        assert box.label is None, "the page of others"
        assert not any(session.config_values.get(part) for session in held.values() for part in blocks.blocks)
        assert list(held["one"].components) == []
    finally:
        blocks.close()


def holder_of_two(*pages: str) -> Holder:
    holder = Holder(pages)
    with gr.Blocks() as blocks:
        gr.State([])
    blocks.state_session_capacity = 2
    holder.set_blocks(blocks)
    return holder


def test_the_session_that_rested_longest_makes_room() -> None:
    holder = holder_of_two()
    for name in ("one", "two", "one", "three"):
        _ = holder[name]
    assert list(holder.session_data) == ["one", "three"]
    assert set(holder.time_last_used) == {"one", "three"}


def test_questions_of_scripts_take_no_open_page_away() -> None:
    holder = holder_of_two("page")
    for name in ("page", "one", "two", "three"):
        _ = holder[name]
    assert list(holder.session_data) == ["page", "three"]


def test_where_all_others_are_open_pages_the_one_that_rested_longest_makes_room() -> None:
    holder = holder_of_two("one", "two", "three")
    for name in ("one", "two", "script", "three"):
        _ = holder[name]
    assert list(holder.session_data) == ["two", "three"]
