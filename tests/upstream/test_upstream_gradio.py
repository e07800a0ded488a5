"""What Gradio's server does wrong, shown with Gradio alone. A test here fails once Gradio has mended it."""

import asyncio
import os
import re
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import plotly
import pytest
from gradio.data_classes import ImageData
from gradio.processing_utils import async_move_files_to_cache
from gradio.queueing import Event
from gradio.route_utils import delete_files_created_by_app
from gradio.state_holder import SessionState, StateHolder
from gradio_client import utils as client_utils


def queued(*buttons: Any) -> tuple[gr.Blocks, Any]:
    """A page with a button for each function, and its queue."""
    with gr.Blocks(analytics_enabled=False) as blocks:
        for function in buttons:
            gr.Button().click(function)
    queue: Any = blocks.queue()._queue
    for function in blocks.fns.values():
        queue.create_event_queue_for_fn(function)
    return blocks, queue


def put(queue: Any, function: Any, session: str) -> None:
    queue.event_queue_per_concurrency_id[function.concurrency_id].queue.append(Event(session, function, None, None))


@contextmanager
def served(blocks: gr.Blocks) -> Iterator[httpx.Client]:
    _, address, _ = blocks.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
    try:
        with httpx.Client(base_url=f"{address}gradio_api", timeout=10) as client:
            yield client
    finally:
        blocks.close(verbose=False)


def alone(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs it in a thread of its own: the browser of other tests keeps this one's event loop running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def test_queue_lets_one_visitor_go_first_as_often_as_they_asked() -> None:
    blocks, queue = queued(lambda: None)
    for session in ("busy", "busy", "busy", "other"):
        put(queue, blocks.fns[0], session)
    order = [queue.get_events()[0][0].session_hash for _ in range(4)]
    assert order[-1] == "other", "Gradio's queue lets visitors take turns: fer_explain/ui/shell/fairness.py can go."


def test_events_of_a_page_start_in_no_certain_order() -> None:
    blocks, queue = queued(lambda: None, lambda: None)
    first, second = blocks.fns.values()
    early = 0
    for _ in range(50):
        put(queue, first, "page")
        put(queue, second, "page")
        early += [queue.get_events()[0][0].fn for _ in range(2)] == [second, first]
    assert early, "Gradio starts events in the order they came in: fer_explain/ui/shell/event_order.py can go."


def test_question_is_answered_although_nobody_listens() -> None:
    started, may_end, ran = threading.Event(), threading.Event(), []

    def answer() -> None:
        ran.append(None)
        started.set()
        may_end.wait(10)

    blocks, _ = queued(answer)
    with served(blocks) as client:
        for session in ("one", "two"):  # neither listens at /queue/data
            client.post("/queue/join", json={"data": [], "fn_index": 0, "session_hash": session}).raise_for_status()
        assert started.wait(10)
        may_end.set()
        until = time.monotonic() + 2
        while len(ran) < 2 and time.monotonic() < until:
            time.sleep(0.01)
    assert len(ran) == 2, "Gradio drops questions that nobody listens for: Memory.dismiss in shell/memory.py can go."


def test_closed_page_is_remembered() -> None:
    with gr.Blocks(analytics_enabled=False) as blocks:
        state, shown = gr.State("nothing"), gr.HTML()
    holder = StateHolder()
    holder.set_blocks(blocks)
    session = holder["page"]
    session[state._id] = "a photo"
    session._update_value_in_config(shown._id, "a picture")
    session.is_closed = True
    holder.delete_all_expired_state()
    assert session[state._id] == "a photo", "Gradio forgets a closed page's state at once: see shell/memory.py."
    session._state_ttl[state._id] = (0, session._state_ttl[state._id][1].replace(year=2000))  # a day later, and more
    holder.delete_all_expired_state()
    kept = holder.session_data["page"].config_values[shown._id]["props"]["value"]
    assert kept == "a picture", "Gradio forgets what stood on a closed page: Memory.forget in shell/memory.py can go."


def test_each_session_describes_the_whole_page() -> None:
    with gr.Blocks(analytics_enabled=False) as blocks:
        parts = [gr.HTML("a part") for _ in range(5)]
    described = SessionState(blocks).config_values
    whole = all(described[part._id]["props"]["value"] == "a part" for part in parts)
    assert whole, "Gradio no longer describes the page for each session: fer_explain/ui/shell/state_holder.py can go."


def test_each_number_of_an_answer_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(client_utils, "is_file_obj_with_meta", lambda value: seen.append(value))
    with gr.Blocks(analytics_enabled=False):
        answer = gr.JSON()
    alone(async_move_files_to_cache({"values": [0.5] * 100}, answer))
    assert seen.count(0.5) >= 100, "Gradio leaves numbers of an answer alone: _written in shell/endpoints.py can go."


def test_file_is_deleted_before_the_question_about_it_is_answered(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"")
    blocks, queue = queued(lambda: None)
    put(queue, blocks.fns[0], "page")
    blocks.temp_file_sets.append({str(photo)})
    os.utime(photo, (0, 0))
    delete_files_created_by_app(blocks, 0)
    assert not photo.exists(), (
        "Gradio keeps the files of waiting questions: launch(delete_cache=...) replaces uploads.clear."
    )


def test_file_of_an_earlier_run_is_never_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    left = tmp_path / "photo.png"  # by a process that crashed
    left.write_bytes(b"")
    with gr.Blocks(analytics_enabled=False, delete_cache=(1, 1)) as blocks:
        gr.Image()
    with served(blocks):
        pass
    assert left.exists(), "Gradio cleans up after a crash: private_folder in fer_explain/ui/shell/uploads.py can go."


def test_image_opens_the_file_although_only_its_path_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(b"no picture")
    image = gr.Image(type="filepath")
    with pytest.raises(Exception, match="cannot identify image file"):
        image.preprocess(ImageData(path=str(path), orig_name="photo.png"))
    # Once nothing is raised: photo_input in fer_explain/ui/shell/components.py can be a gr.Image.


def test_json_field_has_no_type_in_the_schema() -> None:
    told = gr.JSON().api_info()["type"]
    assert told == {}, "gr.JSON tells its type: mapping in fer_explain/ui/shell/endpoints.py can be a gr.JSON."


def test_generator_that_yields_nothing_empties_the_outputs() -> None:
    def nothing() -> Iterator[str]:
        yield from ()

    with gr.Blocks(analytics_enabled=False) as blocks:
        shown = gr.HTML("there")
        gr.Button().click(nothing, None, shown)
    answer = alone(blocks.process_api(blocks.fns[0], [], request=None, state=None))
    assert answer["data"] == [None], (
        "A generator that yields nothing changes nothing: callbacks need no gr.skip() for it."
    )


def test_every_event_is_summed_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAX_EVENTS", "CACHE_FREQUENCY"):
        monkeypatch.delenv(f"GRADIO_ANALYTICS_{name}", raising=False)
    _, queue = queued(lambda: None)
    assert [queue.ANAYLTICS_CACHE_FREQUENCY, queue.ANALYTICS_MAX_EVENTS] == [1, 10_000], (
        "Gradio keeps no statistics by itself: two lines of _private_settings in shell/server.py can go."
    )


def test_plot_tells_of_no_click() -> None:
    assert not {"click", "select"} & {str(event) for event in gr.Plot.EVENTS}, (
        "gr.Plot tells of clicks: the charts of the Benchmark tab, and then all figures, can be gr.Plots."
    )


def test_plot_draws_with_an_older_plotly() -> None:
    [theirs] = (Path(gr.__file__).parent / "templates/frontend/assets").glob("PlotlyPlot-*.js")
    version = re.search(r"\.version=[`'\"](\d+)\.", theirs.read_text(encoding="utf-8"))
    script = Path(plotly.__file__).parent / "package_data/plotly.min.js"
    ours = re.search(r"plotly\.js v(\d+)\.", script.read_text(encoding="utf-8")[:500])
    assert version
    assert ours
    assert int(version[1]) < int(ours[1]), "gr.Plot draws with today's plotly: see figure in shell/components.py."
