"""The Benchmark tab as a person sees it, and what the embedded checkpoints' files say, read without the app's code."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from conftest import ROOT
from driver import App
from PIL import Image
from playwright.sync_api import Locator, expect

from fer_explain.emotions import LABELS
from fer_explain.hub.folder import list_checkpoints

NAMES = [label.capitalize() for label in LABELS]
FEAR, SAD = LABELS.index("fear"), LABELS.index("sad")
PAGE = 24
CHECKPOINTS = list_checkpoints()
FIRST = CHECKPOINTS[0]


@dataclass
class Predictions:
    """What a checkpoint's file says, read without any code of the app's."""

    rows: np.ndarray
    true: np.ndarray
    said: np.ndarray
    loss: np.ndarray
    leaked: np.ndarray


def predictions(name: str = FIRST) -> Predictions:
    folder = ROOT / "checkpoints" / name
    table = pd.read_parquet(folder / "predictions" / "test.parquet")
    temperature = pd.read_json(folder / "config.json", typ="series")["temperature"]
    logits = table[[f"logit_{k}" for k in range(7)]].to_numpy(float) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    true = table["label"].to_numpy()
    loss = -np.log(probabilities[np.arange(len(true)), true])
    return Predictions(
        table["row"].to_numpy(), true, probabilities.argmax(axis=1), loss, table["leaked"].to_numpy() > 0
    )


def drawn(row: int) -> Image.Image:
    """A gray picture of the size of FER2013's with 16 fields, each white where the row's number has that bit."""
    bits = (row >> np.arange(16)) & 1
    fields = np.where(bits, 215, 40).reshape(4, 4).astype(np.uint8)
    return Image.fromarray(np.kron(fields, np.ones((12, 12), np.uint8)))


def row_of(source: str) -> int:
    """The row whose picture a data address holds."""
    data = base64.b64decode(source.partition("base64,")[2])
    gray = np.asarray(Image.open(io.BytesIO(data)).convert("L").resize((48, 48)))
    bits = gray.reshape(4, 12, 4, 12).mean(axis=(1, 3)).ravel() > 128
    return int((bits << np.arange(16)).sum())


def opened(app: App) -> App:
    app.open_tab("Benchmark")
    expect(app.page.locator("#bench-status")).to_contain_text("images")
    expect(plot(app, f"confusion-{FIRST}").locator(".xtick text")).to_have_count(7)
    return app


def chart(app: App, key: str) -> Locator:
    return app.page.locator(f'.fer-chart[data-chart="{key}"]')


def plot(app: App, key: str) -> Locator:
    """A drawn chart; it is only drawn near the window."""
    chart(app, key).scroll_into_view_if_needed()
    drawing = chart(app, key).locator(".js-plotly-plot")
    expect(drawing.locator(".main-svg").first).to_be_visible()
    return drawing


def click_cell(app: App, key: str, true: int, said: int) -> None:
    """Clicks the middle of a cell of a confusion matrix."""
    drawing = plot(app, key)
    expect(drawing).to_have_class(re.compile("fer-clickable"))
    drawing.locator(".nsewdrag").scroll_into_view_if_needed()
    place = drawing.evaluate(
        """(plot, [x, y]) => {
          const { xaxis, yaxis } = plot._fullLayout, box = plot.getBoundingClientRect();
          return [box.left + xaxis._offset + xaxis.d2p(x), box.top + yaxis._offset + yaxis.d2p(y)];
        }""",
        [NAMES[said], NAMES[true]],
    )
    app.page.mouse.click(*place)


def found(app: App, faces: int) -> None:
    expect(app.page.locator("#bench-found")).to_contain_text(f"{faces:,} faces")
    expect(app.page.locator("#bench-gallery li")).to_have_count(min(faces, PAGE))


def shown(app: App) -> list[int]:
    """The rows of the gallery as their pictures tell them, which must be those that their texts tell."""
    pictures = app.page.locator("#bench-gallery li img")
    rows = [row_of(source) for source in pictures.evaluate_all("all => all.map(one => one.src)")]
    told = app.page.locator("#bench-gallery li").evaluate_all("all => all.map(one => Number(one.dataset.row))")
    assert rows == told
    return rows


def choose(app: App, box: str, name: str) -> None:
    app.page.locator(f"#{box} input").click()
    app.page.get_by_role("option", name=name, exact=True).click()


def worst(known: Predictions, keep: np.ndarray) -> list[int]:
    """The rows that are kept, the largest loss first."""
    order = np.argsort(-known.loss[keep], kind="stable")
    return known.rows[keep][order].tolist()
