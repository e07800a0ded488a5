import csv
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fer_explain.benchmark.__main__ import main
from fer_explain.hub.lineup import line_up
from fer_explain.hub.results import find_results
from fer_explain.report.benchmark import BenchmarkReport, gather, to_html, to_numbers, write_tables


@pytest.fixture
def report(results_folder) -> BenchmarkReport:
    found = [find_results(results_folder("good", skill=0.9)), find_results(results_folder("<b>poor", skill=0.5))]
    return gather(line_up(found, "test", together=True), latencies={"good": 2.0})


class Links(HTMLParser):
    """Everything a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href")]


def test_every_question_is_answered_or_says_why_not(report: BenchmarkReport) -> None:
    keys = ["confusion", "classes", "confidence", "robustness", "cost", "training", "habits", "evidence", "claims"]
    assert [part.key for part in report.parts] == keys
    missing = {part.key: part.missing for part in report.parts if part.missing}
    assert missing.keys() == {"robustness", "training", "habits"}
    assert "history" in missing["training"]
    assert report.models == ["good", "<b>poor", "ensemble"]
    assert "cost-latency" in [chart.key for chart in report.charts]


def test_the_page_asks_for_nothing_and_holds_plotly_once(report: BenchmarkReport) -> None:
    page = to_html(report)
    links = Links()
    links.feed(page)
    assert all(link.startswith("#") for link in links.found)
    assert "default-src 'none'" in page
    assert len(re.findall(r"plotly\.js v\d", page)) == 1
    assert "<b>poor" not in page
    assert "&lt;b&gt;poor" in page


def test_the_page_holds_the_numbers_of_its_charts(report: BenchmarkReport) -> None:
    texts = re.findall(r'<script type="application/json" id="charts-\d">(.*?)</script>', to_html(report), re.S)
    drawn = [chart["key"] for text in texts for chart in json.loads(text)["charts"]]
    assert drawn == [chart.key for chart in report.charts]


def test_numbers_for_programs(report: BenchmarkReport) -> None:
    told = json.loads(to_numbers(report))
    assert (told["split"], told["n"]) == ("test", 120)
    counts = [row[1:] for row in told["charts"]["confusion-good"]["rows"]]
    assert sum(map(sum, counts)) == 120


def test_tables_are_named_by_their_charts(report: BenchmarkReport, tmp_path: Path) -> None:
    write_tables(report, tmp_path / "tables")
    with (tmp_path / "tables" / "significance.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head[:2] == ["a", "b"]
    assert len(rows) == 3


def test_the_command_writes_what_it_is_asked_for(results_folder, tmp_path: Path, capsys) -> None:
    out = tmp_path / "report.html"
    main(["--checkpoints", str(results_folder("good", 0.9)), str(results_folder("poor", 0.4)), "--out", str(out)])
    told = capsys.readouterr().out
    assert re.search(r"good: \d\d\.\d % on test, 95 % interval", told)
    assert "good is better than poor" in told
    assert "<title>Benchmark: good, poor</title>" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--checkpoints", "nowhere"], "There is no checkpoint 'nowhere'"),
        (["--level", "120"], "'120' is no level"),
        (["--split", "train"], "invalid choice: 'train'"),
    ],
)
def test_a_mistake_ends_in_one_sentence(arguments: list[str], sentence: str, capsys) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert sentence in capsys.readouterr().err


def test_two_of_one_name_are_refused(results_folder, tmp_path: Path, capsys) -> None:
    one = results_folder("net")
    other = shutil.copytree(one, tmp_path / "elsewhere" / "net")
    with pytest.raises(SystemExit):
        main(["--checkpoints", str(one), str(other)])
    assert "Two of the checkpoints are called 'net'" in capsys.readouterr().err


def test_help_is_quick_and_needs_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['x', '--help']\n"
        "from fer_explain.benchmark.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: print(sorted({'torch', 'plotly', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1] == "[]"
