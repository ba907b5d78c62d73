"""What pages, JSON and commands share: authorization, errors, forms, lists, headers, templates and static files."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from clinic.web import (
    assets,
    authentication,
    cookie_sessions,
    documentation,
    error_handlers,
    idempotency,
    navigation,
    navigation_counts,
    request_hooks,
    security_headers,
    template_filters,
    toasts,
)


def init_web(app: Flask) -> None:
    """Set up request handling, error handlers, headers and template globals of an application."""
    if proxies := app.config["PROXIES"]:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )
    cookie_sessions.init_app(app)
    request_hooks.init_app(app)
    authentication.init_app(app)
    error_handlers.init_app(app)
    security_headers.init_app(app)
    assets.init_app(app)
    template_filters.init_app(app)
    toasts.init_app(app)
    navigation.init_app(app)
    navigation_counts.init_app(app)
    idempotency.init_app(app)
    documentation.init_app(app)
