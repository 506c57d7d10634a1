"""`python -m som.cli`."""

import sys

from som.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
