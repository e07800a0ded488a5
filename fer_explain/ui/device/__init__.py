"""The pipeline in the visitor's browser: its page (``page``), where that is served, and the switch that opens it.

The app shows the page in a frame on its tabs and serves it under ``device/``; ``spaces/build.py --static`` writes the
same files as a site of its own.
"""
