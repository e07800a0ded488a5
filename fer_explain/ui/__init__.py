"""The page: one folder per tab, and ``shell``, which they share. Gradio is imported here and in app.py only.

A tab is a folder with a ``layout.py``: NAME, its PLACE among the tabs, and ``build(page)``. A panel of the Analyse tab
is a folder in ``analyse``, with a PLACE and ``build(page, session)``. Beside it lie, where it has any, ``events.py``
(callbacks), ``view.py`` (results to HTML), ``state.py``, scripts, styles and texts (``en.json`` and so on).
"""
