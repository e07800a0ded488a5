"""What Python makes of drawn faces: the numbers that the JavaScript of the device's page is held to, file by file.

    python -m tests.device_numbers      # writes tests/device_numbers.json anew

Each case has what is ``given`` and what Python ``gives``. A picture is given as the face that is drawn for it; of large
arrays there are as many rows and columns as :func:`thin` keeps.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from fer_explain.analyzer import Analyzer
from fer_explain.benchmark.conformal import ConformalRule
from fer_explain.explain.unwarp import to_photo
from fer_explain.faces import mtcnn
from fer_explain.faces.crop import crop_face
from fer_explain.faces.detect import FAST, detect
from fer_explain.faces.drawn import draw_face
from fer_explain.faces.preprocess import preprocess
from fer_explain.figures.colormap import INFERNO, colorize, table
from fer_explain.hub.folder import DEFAULT
from fer_explain.types import Box, FaceAnalysis, InputSpec, Warp
from fer_explain.ui.live.tracks import Tracks

FILE = Path(__file__).with_suffix(".json")
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
SIDE = 16  # rows and columns that are kept
Case = dict[str, Any]


@cache
def committed() -> dict[str, list[Case]]:
    """The file: cases by ``MODULE.FUNCTION`` of the page."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def thin(values: np.ndarray) -> np.ndarray:
    """Rows and columns of an array (H, W, ...), evenly spread, with the first and the last."""
    rows, columns = (np.unique(np.linspace(0, n - 1, SIDE).round().astype(int)) for n in values.shape[:2])
    return values[rows][:, columns]


def picture(told: Case) -> np.ndarray:
    """A drawn face; or two of them on gray, turned by quarters; or one that a small gray picture shows alone."""
    if "turns" in told:
        photo = np.full((360, 520, 3), 128, np.uint8)
        photo[40:280, 20:260] = draw_face("happy", size=240, seed=1).pixels
        photo[120:300, 310:490] = draw_face("angry", size=180, seed=4).pixels
        return np.ascontiguousarray(np.rot90(photo, told["turns"]))
    face = draw_face(told["emotion"], size=told["size"], seed=told["seed"]).pixels
    if not told.get("gray"):
        return face
    return np.repeat(face[4:44, 4:44].mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)


def resized() -> list[Case]:
    ways = {"resizeArea": cv2.INTER_AREA, "resizeLinear": cv2.INTER_LINEAR}
    cases = []
    for function, size in [("resizeArea", s) for s in ((120, 90), (53, 71), (200, 170))] + [
        ("resizeLinear", (144, 144))
    ]:
        told = {"emotion": "fear", "size": 64 if function == "resizeLinear" else 140, "seed": 2}
        made = cv2.resize(picture(told), size, interpolation=ways[function])
        cases.append({"given": {"picture": told, "function": function, "size": size}, "gives": {"pixels": thin(made)}})
    return cases


def crops() -> list[Case]:
    """Within the picture and across its border; of few pixels, and of more than a crop has."""
    cases = []
    for box in ([10, 12, 150, 170], [-30, -20, 90, 100], [3, 5, 14, 15], [0, 0, 320, 300]):
        for turn in (0, 90, 180):
            told = {"emotion": "sad", "size": 330 if box[2] > 300 else 180, "seed": 3}
            eye = [60 + 40 * np.cos(np.radians(turn)), 70 + 40 * np.sin(np.radians(turn))]
            landmarks = [[60, 70], np.round(eye, 3).tolist(), [0, 0], [0, 0], [0, 0]]
            made = crop_face(picture(told), Box(*box), np.array(landmarks, np.float32)).pixels
            given = {"picture": told, "box": box, "landmarks": landmarks}
            cases.append({"given": given, "gives": {"side": len(made), "pixels": thin(made)}})
    return cases


def inputs() -> list[Case]:
    told, box, cases = {"emotion": "surprise", "size": 160, "seed": 5}, [0, 0, 160, 160], []
    for spec in (
        InputSpec(128, 3, *IMAGENET, interpolation="bilinear", gray=True),
        InputSpec(96, 3, *IMAGENET, interpolation="bicubic", gray=False),
        InputSpec(48, 1, (0.5,), (0.25,), interpolation="bilinear", gray=True),
    ):
        names = ("size", "channels", "mean", "std", "interpolation", "gray")
        made = preprocess(crop_face(picture(told), Box(*box)), spec)[0].numpy().transpose(1, 2, 0)
        given = {"picture": told, "spec": {name: getattr(spec, name) for name in names}}
        cases.append({"given": given, "gives": {"values": thin(made)}})
    return cases


def suppressed() -> list[Case]:
    """Boxes on the grid of the proposals: exact halves, and ties."""
    rng = np.random.default_rng(4)
    corners = (rng.integers(0, 30, (150, 2)) * 2).astype(np.float32)
    boxes = (np.hstack([corners, corners + 12]) / np.float32(0.3)).astype(np.float32)
    scores = rng.integers(60, 100, 150).astype(np.float32) / 100
    given = {"corners": corners, "scores": scores}
    return [
        {
            "given": given | {"overlap": overlap, "ofSmaller": small},
            "gives": {"kept": mtcnn.suppress(boxes, scores, overlap, of_smaller=small)},
        }
        for overlap, small in ((0.5, False), (0.7, False), (0.7, True))
    ]


def squares() -> list[Case]:
    rng = np.random.default_rng(4)
    corners = rng.uniform(-20, 200, (12, 2))
    boxes = np.round(np.hstack([corners, corners + rng.uniform(10, 90, (12, 2))]), 2)
    return [{"given": {"boxes": boxes}, "gives": {"boxes": mtcnn.squares(boxes.astype(np.float32))}}]


def patches() -> list[Case]:
    """The last network's input under boxes within and across the border."""
    told = {"emotion": "fear", "size": 120, "seed": 8}
    boxes = np.array([[10.4, 20.5, 70.4, 80.5], [-20, -9, 40, 51], [80, 70, 140, 130], [66, 4, 114, 52]], np.float32)
    made = mtcnn.patches(np.ascontiguousarray(picture(told).transpose(1, 0, 2)), boxes, 48)
    return [{"given": {"picture": told, "boxes": boxes}, "gives": {"pixels": [thin(one) for one in made]}}]


def laid() -> list[Case]:
    """Where the map lies on the photo, and its colours there; -1 where there is none, and at its rim."""
    told, box = {"emotion": "happy", "size": 200, "seed": 2}, [30, 20, 170, 180]
    face, theta = crop_face(picture(told), Box(*box)), [[0.8, -0.2, 0.1], [0.15, 0.9, -0.05]]
    values, warp = slope(), Warp(np.array(theta, np.float32), np.zeros((64, 64, 3), np.uint8))
    made, mask = to_photo(values, "warped", face, warp, (200, 200))
    inner = cv2.erode(mask.astype(np.uint8), np.ones((5, 5))) > 0
    colours = np.where(inner[..., None], colorize(made).astype(int), -1)
    given = {"matrix": face.to_photo, "theta": theta}
    return [{"given": given, "gives": {"covered": int(mask.sum()), "pixels": thin(colours)}}]


def slope() -> np.ndarray:
    """A map (64, 64) that rises to the right and downwards."""
    rows, columns = np.mgrid[0:64, 0:64] / 63
    return ((rows + columns**2) / 2).astype(np.float32)


def tracked() -> list[Case]:
    rng = np.random.default_rng(0)
    tracks, frames, wanted = Tracks(), [], []
    for now in (0.0, 0.1, 0.3, 0.4, 2.9):
        corners = np.array([[0.1, 0.1, 0.3, 0.4], [0.6, 0.2, 0.9, 0.5]])[: rng.integers(1, 3)]
        boxes = np.round(corners + rng.normal(0, 0.02, corners.shape), 4).tolist()
        shares = np.round(rng.dirichlet(np.ones(7), len(boxes)), 4).tolist()
        tracks = tracks.update([Box(*box) for box in boxes], shares, now)
        faces = [{"box": box, "probabilities": one} for box, one in zip(boxes, shares, strict=True)]
        frames.append({"faces": faces, "now": now})
        wanted.append([list(track.probabilities) for track in tracks.faces])
    return [{"given": {"frames": frames}, "gives": {"probabilities": wanted}}]


def calibrated() -> list[Case]:
    logits = np.round(np.random.default_rng(5).normal(0, 4, 7), 4)
    return [
        {
            "given": {"logits": logits, "temperature": 0.6},
            "gives": {"probabilities": torch.softmax(torch.from_numpy(logits) / 0.6, 0)},
        }
    ]


def likely() -> list[Case]:
    shares, cases = np.round(np.random.default_rng(1).dirichlet(0.5 * np.ones(7), 40), 4), []
    for score in ("lac", "aps"):
        sets = ConformalRule(0.9, 0.7, score, 100).sets(shares)
        chosen = [
            sorted(np.flatnonzero(one).tolist(), key=lambda k: -p[k]) for one, p in zip(sets, shares, strict=True)
        ]
        cases.append({"given": {"shares": shares, "score": score, "threshold": 0.7}, "gives": {"sets": chosen}})
    return cases


def photos() -> list[Case]:
    """The whole way of a photo: upright, on its side, and of a face alone."""
    analyzer, cases = Analyzer(), []
    for told in ({"turns": 0}, {"turns": 1}, {"emotion": "happy", "size": 48, "seed": 1, "gray": True}):
        found = detect(picture(told), "mtcnn").faces
        cases.append({"given": {"picture": told}, "gives": {"faces": [*map(seen, analyzer.explain(found, DEFAULT))]}})
    return cases


def seen(one: FaceAnalysis) -> Case:
    assert one.warp is not None
    assert one.heatmap is not None
    landmarks = one.face.landmarks
    return {
        "box": corners(one.face.box),
        "landmarks": landmarks,
        "probabilities": one.prediction.probabilities,
        "theta": one.warp.theta,
        "map": thin(one.heatmap.values),
        "gates": [thin(gate.weights[None])[0] for gate in one.gates],
    }


def corners(box: Box) -> list[float]:
    return [box.x0, box.y0, box.x1, box.y1]


def frames() -> list[Case]:
    found = detect(picture({"turns": 0}), "mtcnn", search=FAST).faces
    return [{"given": {"picture": {"turns": 0}}, "gives": {"boxes": [corners(face.box) for face in found]}}]


def make() -> dict[str, list[Case]]:
    """All cases, as plain lists and numbers of five digits."""
    made = {
        "pixels.resize": resized(),
        "pixels.cropFace": crops(),
        "pixels.preprocess": inputs(),
        "mtcnn.suppress": suppressed(),
        "mtcnn.squares": squares(),
        "mtcnn.confirm": patches(),
        "look.search": photos(),
        "look.glance": frames(),
        "network.calibrated": calibrated(),
        "network.likely": likely(),
        "tracks.update": tracked(),
        "colormap.INFERNO": [{"given": {}, "gives": {"pixels": table(INFERNO)}}],
        "draw.layHeat": laid(),
    }
    return json.loads(json.dumps(made, default=_plain), parse_float=lambda text: round(float(text), 5))


def _plain(value: Any) -> Any:
    return value.tolist()


if __name__ == "__main__":
    text = json.dumps(make(), separators=(",", ":")).replace('{"given"', '\n{"given"')
    FILE.write_text(f"{text}\n", encoding="utf-8")
    print(f"{FILE}: {FILE.stat().st_size / 1e3:.0f} kB")
