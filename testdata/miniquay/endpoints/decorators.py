"""Decorators for views.

Patterns: a keyword argument injected in place of a module-level object; a conditional decorator
that answers 404; a decorator that enqueues itself (look-alike: `pass_access`, which only looks); a
decorator shared by many views, whose `wrapper` must stay apart for each of them; hooks attached by
a helper.
"""

import json
import time
from functools import wraps

from flask import abort, g, make_response

import features
from app import audit_queue
from data.registry_model import registry_model
from data.registry_model.proxy_model import ProxyModel


def inject_model():
    def inner(func):
        @wraps(func)
        def wrapper(namespace, name, *args, **kwargs):
            chosen = registry_model
            if features.PROXY_CACHE:
                chosen = ProxyModel(namespace)
            kwargs["registry_model"] = chosen
            return func(namespace, name, *args, **kwargs)

        return wrapper

    return inner


def parse_repository_name(func):
    @wraps(func)
    def wrapper(repository, *args, **kwargs):
        namespace, _, name = repository.partition("/")
        return func(namespace, name, *args, **kwargs)

    return wrapper


def route_show_if(value):
    def decorator(func):
        @wraps(func)
        def guarded(*args, **kwargs):
            if not value:
                abort(404)
            return func(*args, **kwargs)

        return guarded

    return decorator


def no_store(func):
    @wraps(func)
    def wrapper(*args, **kwargs):
        response = make_response(func(*args, **kwargs))
        response.headers["Cache-Control"] = "no-store"
        return response

    return wrapper


def note_access(func):
    @wraps(func)
    def noted(*args, **kwargs):
        audit_queue.put(["access"], json.dumps({"kind": "access", "subject": func.__name__}))
        return func(*args, **kwargs)

    return noted


def pass_access(func):
    @wraps(func)
    def passed(*args, **kwargs):
        audit_queue.num_alive_jobs(["access"])
        return func(*args, **kwargs)

    return passed


def timed_blueprint(blueprint):
    def start_clock():
        g.blueprint_started_at = time.monotonic()

    def stop_clock(response):
        elapsed = time.monotonic() - g.blueprint_started_at
        response.headers["X-Blueprint-Elapsed"] = f"{elapsed:.3f}"
        return response

    blueprint.before_request(start_clock)
    blueprint.after_request(stop_clock)
    return blueprint
