"""Where the network looked, and the choice of an explanation."""
