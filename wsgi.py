"""The entry for gunicorn: `gunicorn --preload wsgi:application`."""

import sys

from app import config, create_app

try:
    application = create_app()
except config.Refused as refused:
    print(refused, file=sys.stderr)
    raise SystemExit(3) from None  # gunicorn stops at 3 instead of trying again
