"""Starts the page: settings, the server, and everything heavy after the page answers."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fer_explain.errors import FerError
from fer_explain.ui.shell.allocator import settle
from fer_explain.ui.shell.options import Options
from fer_explain.ui.shell.uploads import private_folder

if TYPE_CHECKING:
    from fer_explain.analyzer import Analyzer
    from fer_explain.ui.shell.libraries import Libraries

LARGEST_UPLOAD: Final = "25mb"


def serve(options: Options) -> None:
    """Serves the page until it is interrupted.

    Raises:
        FerError: the address cannot be listened on.
    """
    _check_address(options.host, options.port)
    _private_settings()
    from fer_explain.ui.shell.components import charts_head, drop_zone_head, language_head
    from fer_explain.ui.shell.fairness import WAITING, take_turns
    from fer_explain.ui.shell.files import HOME, files
    from fer_explain.ui.shell.libraries import Libraries
    from fer_explain.ui.shell.page import build_page
    from fer_explain.ui.shell.state_holder import SESSIONS
    from fer_explain.ui.shell.theme import colors, theme
    from fer_explain.ui.shell.zero_gpu import make_analyzer

    analyzer = make_analyzer(options.checkpoints)
    for sentence in analyzer.problems.values():
        print(sentence, file=sys.stderr)
    blocks, i18n = build_page(analyzer, options.data)
    libraries = Libraries()
    # Gradio tells everybody who waits about each answer, unless it does so every few seconds.
    blocks.queue(max_size=WAITING, default_concurrency_limit=4, status_update_rate=2)
    take_turns(blocks)
    blocks.launch(
        server_name=options.host,
        server_port=options.port,
        prevent_thread_lock=True,
        share=False,
        ssr_mode=False,
        quiet=True,
        footer_links=[],
        max_file_size=LARGEST_UPLOAD,
        state_session_capacity=SESSIONS,
        favicon_path=str(HOME / "shell" / "mark.svg"),
        theme=theme(),
        css=colors(),
        css_paths=files("*.css"),
        head=language_head() + drop_zone_head() + charts_head(),
        i18n=i18n,
        run_history=False,  # the browser is not to keep photos either
        app_kwargs=_around(analyzer, libraries),
    )
    print(f"FER Explain is at http://{options.host}:{options.port}", flush=True)
    threading.Thread(target=warm_up, args=(analyzer, libraries), daemon=True).start()
    blocks.block_thread()


def _around(analyzer: Analyzer, libraries: Libraries) -> dict[str, Any]:
    """What goes on around the requests: FastAPI's arguments."""
    from starlette.middleware import Middleware

    from fer_explain.ui.device.route import Device, Isolation
    from fer_explain.ui.shell.event_order import Arrivals
    from fer_explain.ui.shell.libraries import EventsWait
    from fer_explain.ui.shell.memory import Memory, Presence

    memory = Memory()
    middleware = [
        Middleware(Isolation),
        Middleware(Device, folders=lambda: map(analyzer.folder, analyzer.models)),
        Middleware(Arrivals),
        Middleware(EventsWait, libraries=libraries),
        Middleware(Presence, memory=memory),
    ]
    return {"lifespan": memory.lifespan, "middleware": middleware}


def warm_up(analyzer: Analyzer, libraries: Libraries) -> None:
    """Pays for what the first photo will need, so that it need not wait for it."""
    libraries.wait_until_needed()
    libraries.load()
    with suppress(FerError):  # without a usable checkpoint the page says so itself
        analyzer.warm_up()
        from fer_explain.hub.results import results

        name = analyzer.models[0]
        _ = results(name, analyzer.folder(name)).rule  # reads tables, whose library takes a moment to import
    gc.collect()
    gc.freeze()  # what stays as long as the app is not looked through at every collection, which takes 0.4 s


def _check_address(host: str, port: int) -> None:
    """Gradio would try for a while and then say it in a traceback."""
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise FerError(f"Port {port} on {host} cannot be used: {reason}. Choose another with --port.") from None


def _private_settings() -> None:
    """No telemetry, no statistics, and uploads in a folder that only this process may read and that goes with it."""
    settle()
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    # Upstream defect, no issue found: Gradio notes the last 10,000 events and sums all of them up after each one.
    # Test: test_every_event_is_summed_up_again.
    os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(2**31)
    folder, lock = private_folder(Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()))
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    atexit.register(lock.release)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # is called first
    signal.signal(signal.SIGTERM, _leave)


def _leave(*_: object) -> None:
    """Cleans up and ends at once, with status 0.

    ``sys.exit`` would also take the interpreter apart while worker threads are still inside torch, whose C++ frames
    cannot be unwound: the process would abort.
    """
    atexit._run_exitfuncs()
    os._exit(0)
