"""`python -m app` is `dictate`."""

import sys

from app.cli import main

sys.exit(main())
