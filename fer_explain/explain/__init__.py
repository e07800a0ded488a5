"""One file per explanation; numbers in their frame of reference come out, never figures."""
