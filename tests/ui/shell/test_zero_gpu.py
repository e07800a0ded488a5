"""ZeroGPU: with its package the analyses run in forks of the app, without it nothing changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from fer_explain.analyzer import Analyzer
from fer_explain.ui.shell.zero_gpu import gpu_decorator, make_analyzer

ROOT = Path(__file__).resolve().parents[3]

# Like the real package, as far as the app can tell: the function runs in a thread of a fork, all that goes between is
# pickled, and any exception becomes an error of the package's own.
PACKAGE = """
import inspect, multiprocessing, pickle, threading
import gradio as gr

context = multiprocessing.get_context("fork")
forks = []
spent = False


class End:
    pass


def GPU(function):
    several = inspect.isgeneratorfunction(function)

    def send(pipe, content):
        try:
            told = function(*pickle.loads(content))
            for one in told if several else [told]:
                pipe.send(one)
        except Exception as error:
            pipe.send(gr.Error(type(error).__name__))
        pipe.send(End())

    def work(*arguments):
        thread = threading.Thread(target=send, args=arguments)
        thread.start()
        thread.join()

    def steps(*arguments):
        if spent:
            raise gr.Error('Your <a href="x">GPU time</a> is spent.')
        here, there = context.Pipe()
        worker = context.Process(target=work, args=(there, pickle.dumps(arguments)))
        worker.start()
        forks.append(function.__name__)
        while not isinstance(one := here.recv(), End):
            if isinstance(one, gr.Error):
                raise one
            yield one
        worker.join()

    return steps if several else lambda *arguments: next(steps(*arguments))
"""
SCRIPT = """
import json, sys, threading
import numpy as np
import spaces
from fer_explain.analyzer import Analyzer
from fer_explain.errors import FerError
from fer_explain.faces.drawn import draw_face
from fer_explain.ui.shell.zero_gpu import make_analyzer
from tests.untrained import finish

picture = draw_face("happy", size=150).pixels
analyzer, plain = make_analyzer([]), Analyzer()
there = analyzer.analyze(picture, "convnext_nano", whole_image=True).faces[0]
here = plain.analyze(picture, "convnext_nano", whole_image=True).faces[0]

held, free = threading.Event(), threading.Event()
def work():  # another visitor's, in the middle of another network
    with analyzer.borrow("vgg_compact"):
        held.set()
        free.wait(60)
threading.Thread(target=work).start()
held.wait(60)
shares, faces = finish(analyzer.explain_in_steps([here.face], "convnext_nano", "occlusion", overlap=0))
free.set()
def refusal(ask):
    try:
        ask()
    except FerError as error:
        return str(error)

refused = [
    refusal(lambda: analyzer.explain([here.face], "convnext_nano", target="hungry")),
    refusal(lambda: finish(analyzer.explain_in_steps([here.face], "convnext_nano", target="hungry"))),
]
analyzer.warm_up("emonext_nano")
forks = list(spaces.forks)
spaces.spent = True
refused.append(refusal(lambda: analyzer.predict([here.face], "convnext_nano")))
print(json.dumps({
    "forks": forks,
    "same": bool(np.allclose(there.heatmap.values, here.heatmap.values, atol=1e-5)),
    "label": [there.prediction.label, here.prediction.label],
    "shares": shares,
    "method": faces[0].heatmap.method,
    "refused": refused,
}))
"""


def test_analyses_run_in_the_forks_and_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "spaces").mkdir()
    (tmp_path / "spaces" / "__init__.py").write_text(PACKAGE)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["forks"] == ["_whole_there", "_stepwise_there", "_whole_there", "_stepwise_there"]
    assert told["same"]
    assert told["label"][0] == told["label"][1]
    assert told["shares"] == sorted(told["shares"])
    assert len(told["shares"]) > 1
    assert told["method"] == "occlusion"
    assert all("'hungry' is no class" in sentence for sentence in told["refused"][:2])
    assert told["refused"][2] == "Your GPU time is spent."


def test_the_repositorys_own_folder_is_not_taken_for_the_package() -> None:
    code = "import spaces; from fer_explain.ui.shell.zero_gpu import gpu_decorator; print(gpu_decorator())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"


def test_without_the_package_it_is_the_plain_analyzer() -> None:
    assert gpu_decorator() is None
    assert type(make_analyzer([])) is Analyzer
