"""Everything known about the faces of a photo as one file to keep: HTML for people, JSON for programs.

Example::

    from fer_explain.report import write_report

    write_report(fx.Analyzer(), "photo.jpg", "report.html", method=["gradcam", "hirescam"], json_path="report.json")
"""

from __future__ import annotations

from fer_explain.report.gather import Explained, FaceReport, Report, make_report, report_on
from fer_explain.report.numbers import to_json
from fer_explain.report.page import to_html
from fer_explain.report.write import write_report

__all__ = ["Explained", "FaceReport", "Report", "make_report", "report_on", "to_html", "to_json", "write_report"]
