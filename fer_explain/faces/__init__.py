"""From any image to faces: opened, detected, cut out by one rule, and made ready for a network."""
