"""A photo goes in and an explained expression comes out: one folder per panel."""
