"""The command line: everything that HTTP offers, for hands and scripts."""
