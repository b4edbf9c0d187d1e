"""The application object for any WSGI server, and the embedded server: `python wsgi.py`."""

import gc
import sys

from regapp import create_app
from regapp.errors import ConfigError

try:
    app = create_app()
except ConfigError as error:
    sys.exit(str(error))

# What is loaded by now stays as long as the process: the collector of cycles need not walk through it again and again.
# Requests leave few cycles behind, so it may come more rarely, too.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)

if __name__ == "__main__":
    from regapp.cli.serve import serve

    serve(app)
