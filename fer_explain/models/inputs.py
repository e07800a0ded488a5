"""The inputs that architectures share."""

from __future__ import annotations

from typing import Final

from fer_explain.types import InputSpec

IMAGENET_224: Final = InputSpec(224, 3, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

# FER2013's own size, with mean and standard deviation of its 28,709 training images, in three equal channels.
GRAY_48: Final = InputSpec(48, 3, (0.508,) * 3, (0.255,) * 3)

# Gray values in 0..1 that are not standardised, in one channel.
UNIT_GRAY_48: Final = InputSpec(48, 1, (0.0,), (1.0,))
