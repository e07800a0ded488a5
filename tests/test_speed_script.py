"""The benchmark script runs and fills its rows; how fast anything is, is never asserted here."""

from __future__ import annotations

import re

import pytest
import torch

from benchmarks import speed
from fer_explain.models import architecture, create_model


def test_the_table_holds_both_ratios_of_one_pass(capsys: pytest.CaptureFixture[str]) -> None:
    speed.main(["--model", "emonext_nano", "--repeats", "1"])
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len(table) == 4
    for line in table[2:]:
        what, measured, budget, kept = (cell.strip() for cell in line.strip("|").split("|"))
        assert what.startswith("prediction + STN + gates + Grad-CAM, emonext_nano, of a bare pass")
        assert re.fullmatch(r"[\d.]+ x \([\d.]+ / [\d.]+ ms\)", measured)
        assert budget == "<= 1.15 x"
        assert kept in ("yes", "NO")


def test_a_bare_pass_gives_gradients_and_leaves_the_weights_as_they_were() -> None:
    model = create_model("convnext_nano").eval()
    x = torch.randn(1, 3, 48, 48)
    plain = speed.bare_pass(model, x)
    assert all(weight.grad is not None for weight in model.parameters())
    model.zero_grad()
    torch.testing.assert_close(speed.frozen_bare_pass(model, x), plain)
    assert all(weight.grad is None and weight.requires_grad for weight in model.parameters())


def test_runs_take_turns_after_a_warm_up() -> None:
    order: list[str] = []
    assert len(speed.medians([lambda: order.append("a"), lambda: order.append("b")], 2)) == 2
    assert "".join(order) == "ababab"


def test_a_row_over_its_budget_is_marked() -> None:
    rows = [speed.ratio_row("fast", 1.0, 1.0, 1.15), speed.ratio_row("slow", 1.2, 1.0, 1.15)]
    assert [row.within for row in rows] == [True, False]
    assert "| slow | 1.20 x (1200.0 / 1000.0 ms) | <= 1.15 x | NO |" in speed.as_markdown(rows)


def test_request_and_live_rows_take_what_the_app_gives_them() -> None:
    entry = architecture("convnext_nano")
    model = create_model(entry.name).eval()
    row = speed.request_row(lambda: None, lambda: None, model, torch.randn(1, 3, 48, 48), 1)
    assert row.within
    assert row.budget == "<= 1.5 x and < 400 ms"
    assert speed.live_row(lambda: sum(range(1000)), overlay=True, repeats=1).budget == ">= 8 frames/s"
