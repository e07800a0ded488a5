from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fer_explain.ui.shell.options import Options, parse

ROOT = Path(__file__).resolve().parents[3]


def test_it_listens_on_this_machine_only_unless_told_otherwise() -> None:
    assert parse([], {}) == Options("127.0.0.1", 7860)
    assert parse([], {"SPACE_ID": "org/name"}).host == "0.0.0.0"
    assert parse([], {"GRADIO_SERVER_NAME": "::1", "GRADIO_SERVER_PORT": "8000"}) == Options("::1", 8000)
    assert parse(["--host", "0.0.0.0", "--port", "81"], {"GRADIO_SERVER_PORT": "8000"}) == Options("0.0.0.0", 81)


def test_checkpoints_are_a_list() -> None:
    assert parse(["--checkpoints", "runs/a", "org/b@v1"], {}).checkpoints == ("runs/a", "org/b@v1")


def test_checkpoints_come_from_the_environment_where_there_is_no_flag() -> None:
    set_there = {"FER_EXPLAIN_CHECKPOINTS": " org/a@v1,runs/b\n org/c ,"}
    assert parse([], set_there).checkpoints == ("org/a@v1", "runs/b", "org/c")
    assert parse(["--checkpoints", "org/d"], set_there).checkpoints == ("org/d",)
    assert parse([], {"FER_EXPLAIN_CHECKPOINTS": ""}).checkpoints == ()


def test_the_data_is_given_by_flag_or_environment() -> None:
    assert parse([], {}).data is None
    assert parse([], {"FER_EXPLAIN_DATA": "here"}).data == "here"
    assert parse(["--data", "org/name"], {"FER_EXPLAIN_DATA": "here"}).data == "org/name"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "80.5"])
def test_a_bad_port_names_its_flag(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        parse([f"--port={port}"], {})
    assert stop.value.code == 2
    assert f"--port: '{port}' is no port" in capsys.readouterr().err


def test_help_imports_nothing_heavy() -> None:
    code = "import runpy, sys; sys.argv = ['app.py', '--help']\ntry: runpy.run_path('app.py', run_name='__main__')\n"
    code += "except SystemExit: pass\nprint('heavy' if {'torch', 'gradio', 'cv2'} & set(sys.modules) else 'light')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "--checkpoints" in done.stdout
    assert done.stdout.strip().endswith("light")


def test_a_busy_port_ends_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "app.py", "--port", str(port)], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
