"""Nothing of a visitor outlives the page, whatever happened on it: the real app, served in this process and watched.

Every array of pixels and every map is marked with a weak reference when it is made, and every picture that goes into
the page by a piece of its text. When the page is closed, a collection must leave none.
"""

from __future__ import annotations

import dataclasses
import gc
import logging
import socket
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import gradio as gr
import numpy as np
import pytest

from benchmarks.visitors import FRAME, App, Visitor, photo
from fer_explain.explain import registry
from fer_explain.faces import crop
from fer_explain.faces import photo as photos
from fer_explain.figures import overlay
from fer_explain.types import Detection, Face, Heatmap, Warp
from fer_explain.ui.live.events import Frame
from fer_explain.ui.shell import memory, page, server
from fer_explain.ui.shell import photo as shown
from fer_explain.ui.shell.options import Options
from tests.files import files_in

GRACE, KEPT, SWEEP = 0.5, 600.0, 0.2  # seconds
SMALL = (240, 200)
MODEL = "emonext_nano"
LAYER = "gates.3"
# What any event may carry beside the values of its inputs.
ABOUT = {
    "index": 0, "layer": "", "changes": {"window": 0.4}, "model": "", "method": "occlusion", "row": 0, "column": 1,
    "against": "", "rotation": 10, "width": 1, "height": 1, "shear": 0, "right": 0, "down": 0,
}  # fmt: skip


class Watch:
    """All pictures and maps that were made since :meth:`begin`."""

    def __init__(self) -> None:
        self.arrays: list[tuple[str, weakref.ref[Any]]] = []
        self.texts: set[str] = set()

    def begin(self) -> None:
        self.arrays.clear()
        self.texts.clear()

    def mark(self, kind: str, value: Any) -> None:
        if isinstance(value, np.ndarray) or hasattr(value, "getpixel"):
            self.arrays.append((kind, weakref.ref(value)))

    def mark_text(self, uri: str) -> None:
        middle = len(uri) // 2
        self.texts.add(uri[middle : middle + 40])

    def alive(self, kind: str = "") -> list[str]:
        gc.collect()
        return [name for name, reference in self.arrays if name.startswith(kind) and reference() is not None]

    def told(self) -> list[str]:
        """Texts somewhere in memory that hold a picture."""
        gc.collect()
        objects = gc.get_objects()
        found: list[str] = []
        for start in range(0, len(objects), 10_000):
            referents = gc.get_referents(*objects[start : start + 10_000])
            long = {id(one): one for one in referents if type(one) is str and len(one) > 400 and "base64," in one}
            found += [one[:80] for one in long.values() if any(text in one for text in self.texts)]
        return found


def everywhere(patch: pytest.MonkeyPatch, function: Callable[..., Any], instead: Callable[..., Any]) -> None:
    """Puts a function in the place of another in every module that has imported it."""
    for module in [module for name, module in sys.modules.items() if name.startswith("fer_explain")]:
        for name, value in list(vars(module).items()):
            if value is function:
                patch.setattr(module, name, instead)


def watch_all(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    def result(kind: str, function: Callable[..., Any], pixels: Callable[[Any], Any]) -> None:
        def made(*arguments: Any, **named: Any) -> Any:
            value = function(*arguments, **named)
            if value is not None:
                watch.mark(kind, pixels(value))
            return value

        everywhere(patch, function, made)

    def fields(kind: type) -> None:
        begin = kind.__init__  # type: ignore[misc]

        def init(self: Any, *arguments: Any, **named: Any) -> None:
            begin(self, *arguments, **named)
            for field in dataclasses.fields(self):
                watch.mark(f"{kind.__name__}.{field.name}", getattr(self, field.name))

        patch.setattr(kind, "__init__", init)

    result("photo", photos.open_photo, lambda value: value)
    result("crop", crop.sample, lambda value: value)
    result("overlay", overlay.heat_layer, lambda layer: layer.pixels)
    result("blend", overlay.blend, lambda value: value)
    for kind in (Face, Detection, Heatmap, Warp):
        fields(kind)
    decode, write = Frame.picture, shown._uri

    def picture(self: Frame) -> Any:
        image = decode(self)
        watch.mark("frame", image)
        return image

    def uri(*arguments: Any, **named: Any) -> str:
        text = write(*arguments, **named)
        watch.mark_text(text)
        return text

    patch.setattr(Frame, "picture", picture)
    patch.setattr(shown, "_uri", uri)


def without_frames(factory: Callable[..., logging.LogRecord], *arguments: Any, **named: Any) -> logging.LogRecord:
    """A record with its traceback as text: pytest keeps all records of a test, and would keep the frames with them."""
    given = list(arguments)
    error, given[6] = given[6], None  # the seventh argument of a record is exc_info
    record = factory(*given, **named)
    record.exc_text = logging.Formatter().formatException(error) if error and error[0] else None
    return record


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The app as it is served, with short times, in this process."""
    patch, watch, caught, build = pytest.MonkeyPatch(), Watch(), [], page.build_page
    for name in ("GRADIO_ANALYTICS_ENABLED", "HF_HUB_DISABLE_TELEMETRY", "GRADIO_ANALYTICS_MAX_EVENTS"):
        patch.setenv(name, "")
    patch.setenv("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1")
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(partial(without_frames, before))
    patch.setattr(gr.Blocks, "block_thread", lambda _: None)
    patch.setattr(server.signal, "signal", lambda *_: None)
    patch.setattr(memory, "Memory", partial(memory.Memory, KEPT, GRACE, life=GRACE, sweep=SWEEP))
    patch.setattr(page, "build_page", lambda *given: caught.append(build(*given)) or caught[-1])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server.serve(Options(port=port))
    [(blocks, _)] = caught
    watch_all(watch, patch)
    app = App(f"http://127.0.0.1:{port}/")
    with Visitor(app) as visitor:  # everything is imported and loaded then
        visitor.show(photo(0, SMALL))
    yield SimpleNamespace(app=app, blocks=blocks, watch=watch)
    blocks.close()
    logging.setLogRecordFactory(before)
    patch.undo()


@pytest.fixture
def app(running: SimpleNamespace) -> Iterator[App]:
    """The app, which afterwards must have forgotten everything."""
    wait_until(lambda: not running.blocks.state_holder.session_data)
    running.watch.begin()
    yield running.app
    assert running.watch.arrays, "nothing was watched"
    wait_until(lambda: not running.blocks.state_holder.session_data)
    wait_until(lambda: not running.watch.alive(), 3)
    assert not running.watch.alive()
    assert not running.watch.told()
    queue = running.blocks._queue
    assert not queue.pending_messages_per_session
    assert not queue.pending_event_ids_session
    assert not queue.event_ids_to_events
    assert not any(running.blocks.temp_file_sets), "names of files"
    assert not [path for path in files_in(Path(running.blocks.GRADIO_CACHE)) if path.suffix == ".jpg"]


def wait_until(true: Callable[[], object], seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.1)


def fire(visitor: Visitor, app: App, event: dict[str, Any]) -> None:
    """Calls an event of the page as a browser would, with a new photo where it wants one. It may say no."""
    given: dict[int, Any] = {}
    for number in event["inputs"]:
        kind, label = app.kind(number)
        if kind == "image":
            given[number] = visitor.upload(photo(event["id"], SMALL))
        elif label == "layer" or number == app.part("lab-layer"):
            given[number] = LAYER
        elif label == "model" or number == app.part("model"):
            given[number] = MODEL
    with suppress(RuntimeError):
        visitor.ask(event, app.values(event, given), ABOUT)


def explain(visitor: Visitor, app: App, method: str, *, wait: bool = True) -> None:
    """Asks for another explanation of what is on the page."""
    for event in app.events:
        if "load" in [kind for _, kind in event["targets"]] and app.part("method") in event["outputs"]:
            visitor.ask(event, [])  # with which the page knows what explanations there are
    chosen = [app.part("method"), "select"]
    event = next(one for one in app.events if chosen in one["targets"] and app.part("heat") in one["outputs"])
    (visitor.ask if wait else visitor.join)(event, app.values(event, {app.part("method"): method}))


def sees_visitors(event: dict[str, Any], blocks: gr.Blocks) -> bool:
    """Whether Python answers it, and may meet a visitor's face: the Benchmark tab shows a data set's."""
    function = blocks.fns[event["id"]].fn
    return function is not None and (
        not function.__module__.startswith("fer_explain.ui.benchmark") or function.__name__ == "bring"
    )


def test_no_event_of_the_page_leaves_anything(app: App, running: SimpleNamespace) -> None:
    events = [event for event in app.events if sees_visitors(event, running.blocks)]
    assert len(events) > 50
    with Visitor(app) as visitor:
        visitor.show(photo(1, SMALL))
        for event in events:
            fire(visitor, app, event)
        visitor.film(photo(2, FRAME))
    made = {kind for kind, _ in running.watch.arrays}
    assert made > {"photo", "crop", "overlay", "blend", "frame", "Face.pixels", "Heatmap.values", "Warp.aligned"}


def test_what_goes_wrong_leaves_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: object, _network: object, _entry: object, x: Any, *_: object, **__: object) -> Any:
        held = x.clone()
        raise ValueError(f"this fails on purpose: {held.shape}")

    monkeypatch.setattr(type(registry.explainer("eigencam")), "attribute", fail)
    noise = np.random.default_rng(0).integers(100, 110, (90, 90, 3), dtype=np.uint8)
    wrong = {
        "a bad model": (photo(3, SMALL), "no such model", "gradcam"),
        "a bad method": (photo(4, SMALL), "", "no such method"),
        "a damaged photo": (photo(5, SMALL)[:2000], "", "gradcam"),
        "an explanation that fails": (photo(6, SMALL), "", "eigencam"),
    }
    with Visitor(app) as visitor:
        for data, model, method in wrong.values():
            visitor.show(data)
            with pytest.raises(RuntimeError):
                visitor.ask(app.endpoint("analyze"), [visitor.upload(data), model, method, "", False])
        visitor.show(cv2.imencode(".jpg", noise)[1].tobytes())  # no face
        visitor.show(photo(7, SMALL))
        explain(visitor, app, "eigencam")


def test_what_is_stopped_superseded_or_not_waited_for_leaves_nothing(app: App, running: SimpleNamespace) -> None:
    queue = running.blocks._queue
    for end in ("stopped", "superseded", "left"):
        with Visitor(app) as visitor:
            visitor.show(photo(9, SMALL))
            explain(visitor, app, "occlusion", wait=False)
            wait_until(lambda: any(queue.active_jobs))
            assert any(queue.active_jobs), "it is being worked out"
            if end == "stopped":
                stop = app.event("stop", "click")
                visitor.ask(stop, app.values(stop, {}))
            if end == "superseded":
                visitor.show(photo(10, SMALL))
    with Visitor(app, page=False) as script:
        script.join(app.endpoint("analyze"), [script.upload(photo(11, SMALL)), "", "gradcam", "", False])


def test_an_open_page_remembers_its_last_photo_and_only_for_a_while(app: App, running: SimpleNamespace) -> None:
    with Visitor(app) as visitor:
        for number in (12, 13, 14):
            visitor.show(photo(number, SMALL))
        assert running.watch.alive("photo") == ["photo"]
        assert running.watch.told()
        time.sleep(GRACE + 3 * SWEEP)
        assert running.watch.alive("photo") == ["photo"], "the page is still open"
        running.blocks.state_holder.time_last_used[visitor.session] -= timedelta(seconds=KEPT)
        wait_until(lambda: not running.watch.alive("photo"))
        assert not running.watch.alive()
        visitor.show(photo(15, SMALL))  # and it goes on
        assert running.watch.alive("photo") == ["photo"]
