"""The application that `flask` and gunicorn find by themselves."""

from clinic import create_app

app = create_app()
