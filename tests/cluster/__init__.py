"""An installation as large ones run it, under load, while its parts are killed: `python -m tests.cluster`."""
