"""Visitors of the running app, for benchmarks: photos that nobody has sent before, and pages that ask about them."""

from __future__ import annotations

import base64
import json
import secrets
from contextlib import ExitStack
from functools import cache
from typing import Any, Final, Self

import cv2
import httpx
import numpy as np

from fer_explain.emotions import LABELS
from fer_explain.faces.drawn import draw_face
from fer_explain.types import Pixels

SMALLEST: Final = 0.1  # megapixels
LARGEST: Final = 12.0
PEOPLE: Final = 21
FRAME: Final = (480, 360)  # pixels of a camera frame
_ENTRY: Final = "/gradio_api"


def photo(number: int, size: tuple[int, int] | None = None) -> bytes:
    """A JPEG with a drawn face before a background that no other number has.

    Args:
        number: seed of everything in it.
        size: (width, height) in pixels; None for one between 0.1 and 12 megapixels, small ones as often as large ones.
    """
    rng = np.random.default_rng(number)
    if size is None:
        pixels, aspect = 1e6 * SMALLEST * (LARGEST / SMALLEST) ** rng.random(), rng.uniform(0.6, 1.7)
        size = round((pixels * aspect) ** 0.5), round((pixels / aspect) ** 0.5)
    coarse = rng.integers(0, 256, (7, 9, 3), dtype=np.uint8)
    canvas = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    side = int(min(size) * rng.uniform(0.35, 0.8))
    face = _face(number % PEOPLE)
    x, y = (int(rng.integers(0, length - side + 1)) for length in size)
    canvas[y : y + side, x : x + side] = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)[..., ::-1]
    done, data = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 88])
    assert done
    return data.tobytes()


@cache
def _face(seed: int) -> Pixels:
    """A drawing takes longer than an answer of the app, so each is made once."""
    return draw_face(LABELS[seed % len(LABELS)], size=192, seed=seed).pixels


class App:
    """What the page of a running app tells about its events.

    Args:
        url: its address.

    Attributes:
        events: as Gradio describes them.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        told = httpx.get(f"{self.url}/config", timeout=60).json()
        self._parts = {part["id"]: part.get("props", {}) for part in told["components"]}
        self._kinds: dict[int, str] = {part["id"]: part["type"] for part in told["components"]}
        self.events: list[dict[str, Any]] = told["dependencies"]

    def endpoint(self, name: str) -> dict[str, Any]:
        """The event of that name in the programming interface."""
        return next(event for event in self.events if event["api_name"] == name)

    def event(self, elem_id: str, kind: str) -> dict[str, Any]:
        """The first event of a component, such as ``("drop", "upload")``."""
        part = self.part(elem_id)
        return next(event for event in self.events if [part, kind] in [list(target) for target in event["targets"]])

    def part(self, elem_id: str) -> int:
        """The number of a component."""
        return next(number for number, props in self._parts.items() if props.get("elem_id") == elem_id)

    def kind(self, part: int) -> tuple[str, Any]:
        """What a component is and what it is called, such as ``("image", "photo")``."""
        return self._kinds[part], self._parts[part].get("label")

    def values(self, event: dict[str, Any], given: dict[int, Any]) -> list[Any]:
        """What an event sends: what is given by component, the rest as it stands on the new page."""
        return [given.get(number, self._parts[number].get("value")) for number in event["inputs"]]


class Visitor:
    """One open page; leaving the block closes it.

    Args:
        app: where it is open.
        page: otherwise it is a script, which has no page to close.
    """

    def __init__(self, app: App, *, page: bool = True) -> None:
        self._app = app
        self._page = page
        self.session = secrets.token_hex(5)
        self._open = ExitStack()
        self._web = httpx.Client(base_url=app.url, timeout=120)

    def __enter__(self) -> Self:
        self._open.enter_context(self._web)
        if self._page:
            self._open.enter_context(self._web.stream("GET", f"{_ENTRY}/heartbeat/{self.session}"))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def show(self, data: bytes) -> str:
        """Puts a photo on the page; what the page says then, as JSON."""
        event = self._app.event("drop", "upload")
        return json.dumps(self.ask(event, self._app.values(event, {self._app.part("drop"): self.upload(data)})))

    def analyze(self, data: bytes, model: str = "") -> Any:
        """Asks by the programming interface."""
        asked = [self.upload(data), model, "gradcam", "", False]
        return self.ask(self._app.endpoint("analyze"), asked)["data"][0]

    def models(self) -> list[str]:
        """Names of the models."""
        return [told["name"] for told in self.ask(self._app.endpoint("list_models"), [])["data"][0]]

    def add(self, ref: str) -> str:
        """Has a model added; what the page says then."""
        event = self._app.event("add-model", "submit")
        return json.dumps(self.ask(event, [ref]))

    def film(self, data: bytes) -> Any:
        """Sends one camera frame to the live view, with heat maps."""
        frame = "data:image/jpeg;base64," + base64.b64encode(data).decode()
        message = {"image": frame, "model": None, "heat": True, "tracks": [], "time": 0.0}
        asked = {"component_id": self._app.part("live"), "fn_name": "see", "session_hash": self.session}
        return self._web.post(f"{_ENTRY}/component_server", json=asked | {"data": message}).raise_for_status().json()

    def leave_early(self, data: bytes) -> None:
        """Asks, and does not wait for the answer."""
        event = self._app.event("drop", "upload")
        self.join(event, self._app.values(event, {self._app.part("drop"): self.upload(data)}))

    def upload(self, data: bytes) -> dict[str, Any]:
        """Sends a file, for an event to name."""
        sent = self._web.post(f"{_ENTRY}/upload", files={"files": (f"{secrets.token_hex(4)}.jpg", data)})
        [path] = sent.raise_for_status().json()
        return {"path": path, "meta": {"_type": "gradio.FileData"}}

    def join(self, event: dict[str, Any], values: list[Any], about: dict[str, Any] | None = None) -> None:
        """Starts an event, and does not wait for what comes of it; ``about`` is what it carries beside the values."""
        body = {"fn_index": event["id"], "session_hash": self.session, "data": values, "event_data": about}
        self._web.post(f"{_ENTRY}/queue/join", json=body).raise_for_status()

    def ask(self, event: dict[str, Any], values: list[Any], about: dict[str, Any] | None = None) -> dict[str, Any]:
        """Starts an event and waits for what comes of it.

        Raises:
            RuntimeError: it failed.
        """
        self.join(event, values, about)
        with self._web.stream("GET", f"{_ENTRY}/queue/data", params={"session_hash": self.session}) as told:
            messages = (json.loads(line[5:]) for line in told.iter_lines() if line.startswith("data:"))
            last = next(message for message in messages if message["msg"] == "process_completed")
        if not last["success"]:
            raise RuntimeError(f"the app did not answer: {last['output']}")
        return dict(last["output"])
