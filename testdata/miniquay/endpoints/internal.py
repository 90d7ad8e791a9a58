"""A second Api object, whose own decorators enqueue for each of its resources.

Look-alike: the resources of the first Api, which has decorators of its own.
"""

import json
from functools import wraps

from flask import Blueprint, request
from flask_restful import Api, Resource

from app import audit_queue

internal_bp = Blueprint("internal", __name__)


def count_call(func):
    @wraps(func)
    def counted(*args, **kwargs):
        audit_queue.put(["internal"], json.dumps({"kind": "internal", "subject": request.path}))
        return func(*args, **kwargs)

    return counted


def mark_internal(func):
    @wraps(func)
    def marked(*args, **kwargs):
        response = func(*args, **kwargs)
        response.headers["X-Internal"] = "yes"
        return response

    return marked


internal_api = Api(internal_bp, decorators=[mark_internal, count_call])


class InternalStatus(Resource):
    def get(self):
        return {"status": "up"}


class InternalQueues(Resource):
    def get(self):
        return audit_queue.update_metrics()


internal_api.add_resource(InternalStatus, "/status")
internal_api.add_resource(InternalQueues, "/queues", "/queue-metrics")
