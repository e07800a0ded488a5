"""The gates' part of the Analyse tab: which gate is looked at, and what it let through."""

from __future__ import annotations

from fer_explain.analyzer import Analyzer
from fer_explain.figures.gates import channel_weights, layer_overview
from fer_explain.types import ChannelGate
from fer_explain.ui.analyse.controls import ResultPanel
from fer_explain.ui.analyse.gates.view import gate_choice, gate_summary
from fer_explain.ui.analyse.section import Updates
from fer_explain.ui.shell.components import drawn
from fer_explain.ui.shell.session import Session
from fer_explain.ui.shell.texts import Texts


class Gates:
    """What the tab's callbacks need of one network's gates after another's."""

    def __init__(self, analyzer: Analyzer, result: ResultPanel) -> None:
        self._analyzer = analyzer
        self._result = result

    def show(self, session: Session, texts: Texts) -> Updates:
        """The choice of gates, the chosen one, and all of them beside each other where there are several."""
        result, analysis = self._result, session.analysis
        assert analysis is not None, "the session was explained"
        layers = [gate.layer for gate in session.gates]
        layer = session.gate.layer if session.gate else None
        several = len(analysis.gates) > 1
        summary, channels = self.look(session, texts)
        return {
            result.layer: gate_choice(layers, layer, texts),
            result.summary: summary,
            result.channels: channels,
            result.overview: drawn(layer_overview(analysis.gates, weight=texts("gates.weight")) if several else None),
        }

    def look(self, session: Session, texts: Texts) -> tuple[str, str]:
        """The gate that is looked at: in words, and the weights of its channels."""
        if session.analysis is None:
            return "", ""
        summary = gate_summary(session.gate, session.analysis, network_title(self._analyzer, session), texts)
        return summary + _shown(session), _channels(session, texts)


def network_title(analyzer: Analyzer, session: Session) -> str:
    """What people call the network that was asked."""
    from fer_explain.models.registry import architecture  # imports torch

    assert session.question is not None, "the session was explained"
    entry = architecture(analyzer.checkpoint(session.question.model).config.architecture)
    return entry.title or entry.name


def _channels(session: Session, texts: Texts) -> str:
    """The weights of the channel gate that is looked at; empty without one, and for a gate over places."""
    gate = session.gate
    if not isinstance(gate, ChannelGate):
        return ""
    return drawn(channel_weights(gate, channel=texts("gates.channel"), weight=texts("gates.weight")))


def _shown(session: Session) -> str:
    """Tells the style sheet which parts of the panel there is something to see in.

    Gradio builds a component that is invisible only once it is made visible, and may lose what it was sent meanwhile.
    """
    assert session.analysis is not None, "the session was explained"
    parts = {"channels": isinstance(session.gate, ChannelGate), "overview": len(session.analysis.gates) > 1}
    return f"<span hidden {' '.join(f'data-{part}' for part, there in parts.items() if there)}></span>"
