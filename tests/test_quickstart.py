"""docs/quickstart.ipynb: its cells run, one after the other, and say what is stored below them.

``python -m tests.test_quickstart`` runs them and stores what they say.
"""

from __future__ import annotations

import base64
import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import matplotlib as mpl

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "quickstart.ipynb"


def executed(notebook: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The outputs of each code cell, as a kernel would store them: what it printed, then the pictures it drew."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    names: dict[str, Any] = {}
    outputs = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            printed = io.StringIO()
            with redirect_stdout(printed):
                exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
            told: list[dict[str, Any]] = []
            if printed.getvalue():
                lines = printed.getvalue().splitlines(keepends=True)
                told.append({"name": "stdout", "output_type": "stream", "text": lines})
            for number in plt.get_fignums():
                drawn = io.BytesIO()
                plt.figure(number).savefig(drawn, format="png", dpi=72, bbox_inches="tight")
                picture = {"image/png": base64.b64encode(drawn.getvalue()).decode()}
                told.append({"data": picture, "metadata": {}, "output_type": "display_data"})
            plt.close("all")
            outputs.append(told)
    return outputs


def words(outputs: list[list[dict[str, Any]]]) -> list[list[str]]:
    """Kinds of outputs and their text without numbers, which differ in their last digits between machines."""
    return [[re.sub(r"[-\d.]+", "0", "".join(one.get("text", one["output_type"]))) for one in cell] for cell in outputs]


def test_its_cells_say_what_is_stored():
    notebook = json.loads(NOTEBOOK.read_text())
    stored = [cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(stored)
    assert words(executed(notebook)) == words(stored)


if __name__ == "__main__":
    shown = json.loads(NOTEBOOK.read_text())
    cells = [cell for cell in shown["cells"] if cell["cell_type"] == "code"]
    for count, (cell, found) in enumerate(zip(cells, executed(shown), strict=True), start=1):
        cell["execution_count"], cell["outputs"] = count, found
    NOTEBOOK.write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n")
