"""What Python and the C library do wrong, shown with them alone. A test here fails once that has been mended."""

import subprocess
import sys
from pathlib import Path

import pytest

CIRCLE = {
    "meeting": "import threading\nplace = threading.Barrier(2, timeout=5)\n",
    "whole": "import meeting, time\nmeeting.place.wait()\nimport part\ntime.sleep(0.5)\nlate = 1\n",
    "part": "import meeting, time\nmeeting.place.wait()\ntime.sleep(0.2)\nimport whole\n",
}
USE = """
import importlib, threading
def use():
    import part
    print(hasattr(part.whole, "late"))
threads = [threading.Thread(target=importlib.import_module, args=["whole"]), threading.Thread(target=use)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_two_threads_get_half_a_module_of_a_circle(tmp_path: Path) -> None:
    """Two modules import each other, each begun by a thread of its own; by one thread, either order works."""
    for name, text in CIRCLE.items():
        (tmp_path / f"{name}.py").write_text(text)
    done = subprocess.run([sys.executable, "-c", USE], cwd=tmp_path, capture_output=True, text=True, timeout=20)
    assert done.stdout.strip() == "False", "Threads wait for each other's imports: shell/libraries.py can go."


GROWTH = """
import ctypes, sys
{before}
def resident():
    return int(open('/proc/self/statm').read().split()[1]) * 4096 / 2**20
bytearray(30 << 20)
start, pins = resident(), []
for _ in range(8):
    photo = bytearray(20 << 20)
    pins.append(bytearray(100_000))  # lies above it
    del photo
print(resident() - start)
"""
SETTLED = "from fer_explain.ui.shell.allocator import settle; settle()"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_freed_memory_is_kept() -> None:
    def growth(before: str) -> float:
        code = GROWTH.format(before=before)
        return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)

    assert growth(SETTLED) < 5
    assert growth("") > 15, "The C library gives freed memory back: fer_explain/ui/shell/allocator.py can go."
