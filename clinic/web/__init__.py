"""What pages and JSON share: errors, forms, paging, headers, base templates and static files."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from clinic.web import documentation, errors, formats, headers, messages, navigation, requests, static


def init_web(app: Flask) -> None:
    """Give an application its request handling, error answers, headers and template globals."""
    if proxies := app.config["PROXIES"]:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )
    messages.init_app(app)
    requests.init_app(app)
    errors.init_app(app)
    headers.init_app(app)
    static.init_app(app)
    formats.init_app(app)
    navigation.init_app(app)
    documentation.init_app(app)
