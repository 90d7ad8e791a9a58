"""The API blueprint, its decorators, and the class decorators that register resources.

Patterns: the decorators of the Api object, then those of the resource, then the method's own;
`show_if` returns None instead of the class, and `resource` then registers nothing. The modules with
the resources import this one and are imported at its end. Nothing in this file enqueues.
"""

from functools import partial, wraps

from flask import Blueprint, request
from flask_restful import Api, Resource, abort

from endpoints.decorators import parse_repository_name, pass_access, timed_blueprint

api_bp = timed_blueprint(Blueprint("api", __name__))


def refuse_cross_site(func):
    @wraps(func)
    def checked(*args, **kwargs):
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            abort(403)
        return func(*args, **kwargs)

    return checked


def add_version(func):
    @wraps(func)
    def versioned(*args, **kwargs):
        response = func(*args, **kwargs)
        response.headers["X-Api-Version"] = "1"
        return response

    return versioned


api = Api()
api.init_app(api_bp)
api.decorators = [refuse_cross_site, add_version]


def resource(*urls, **options):
    def register(resource_class):
        if resource_class is not None:
            api.add_resource(resource_class, *urls, **options)
        return resource_class

    return register


def show_if(value):
    def choose(resource_class):
        return resource_class if value else None

    return choose


def _tag(key, value):
    def add(target):
        if target is not None:
            setattr(target, key, value)
        return target

    return add


nickname = partial(_tag, "nickname")
internal_only = _tag("internal", True)


class ApiResource(Resource):
    method_decorators = [pass_access]


class RepositoryResource(ApiResource):
    method_decorators = [pass_access, parse_repository_name]


from endpoints.api import (
    build,
    logs,
    manifest,
    mirror,
    notification,
    organization,
    repository,
    superuser,
)
