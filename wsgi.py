"""The application object for any WSGI server, and the embedded server: `python wsgi.py`."""

from regapp import create_app

app = create_app()

if __name__ == "__main__":
    from regapp.cli.serve import serve

    serve(app)
