"""The entry for gunicorn: `gunicorn --preload wsgi:application`."""

import sys

from app import config, create_app, logs

try:
    settings = config.read()
    logs.configure(settings.log_level, settings.log_format)
    application = create_app(settings)
except config.Refused as refused:
    print(refused, file=sys.stderr)
    raise SystemExit(3) from None  # gunicorn stops at 3 instead of trying again
