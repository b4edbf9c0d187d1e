"""The application object for any WSGI server, and the embedded server: `python wsgi.py`."""

import sys

from regapp import create_app
from regapp.errors import ConfigError

try:
    app = create_app()
except ConfigError as error:
    sys.exit(str(error))

if __name__ == "__main__":
    from regapp.cli.serve import serve

    serve(app)
