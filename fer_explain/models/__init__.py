"""Networks: a registry, one file per architecture, shared layers.

Importing this package registers every architecture and builds none.
"""

from fer_explain.models import emonext, stn_gated
from fer_explain.models.registry import Architecture, architecture, create_model, list_models

__all__ = ["Architecture", "architecture", "create_model", "emonext", "list_models", "stn_gated"]
