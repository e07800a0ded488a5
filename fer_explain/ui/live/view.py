"""The stage of the live view: all it will ever say is in it, its script shows the right part."""

from __future__ import annotations

from html import escape

from fer_explain.ui.shell.texts import Texts

# The states a camera can be in; each has a sentence of its own.
STATES = ("waiting", "asking", "nobody", "refused", "missing", "busy", "insecure", "lost")


def stage(texts: Texts) -> str:
    """The notice, the buttons, the video with room for boxes over it, and a list beside it."""
    sentences = "".join(f'<span data-when="{state}">{escape(texts(f"live.{state}"))}</span>' for state in STATES)
    return f"""
<div class="fer-live" data-state="waiting">
  <p class="fer-law">{escape(texts("live.law"))}</p>
  <div class="fer-live-bar">
    <button type="button" class="fer-start">{escape(texts("live.start"))}</button>
    <button type="button" class="fer-stop" hidden>{escape(texts("live.stop"))}</button>
    <label><input type="checkbox" class="fer-live-heat"> {escape(texts("live.heat"))}</label>
  </div>
  <p class="fer-status fer-live-status" role="status">{sentences}<span data-when="failed"></span>
    <span data-when="seeing">{escape(texts("live.faces"))}
    <b class="fer-count"></b></span></p>
  <div class="fer-live-columns">
    <div class="fer-stage">
      <div class="fer-mirror"><video muted playsinline aria-label="{escape(texts("live.video"))}"></video>
        <div class="fer-maps"></div></div>
      <div class="fer-boxes"></div>
      <p class="fer-rate"><b></b> {escape(texts("live.rate"))}<span class="fer-live-map"></span></p>
    </div>
    <ol class="fer-faces"></ol>
  </div>
</div>"""
