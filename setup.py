"""What pyproject.toml cannot say: checkpoints and results lie beside the library here, and inside it in a wheel."""

from setuptools import find_namespace_packages, setup

INSIDE = {"fer_explain.checkpoints": "checkpoints", "fer_explain.results": "results"}

setup(packages=[*find_namespace_packages(include=["fer_explain*", "training*"]), *INSIDE], package_dir=INSIDE)
