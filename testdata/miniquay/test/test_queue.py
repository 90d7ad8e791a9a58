"""A test module: it puts items and has a view, neither of which belongs to the application."""

import json

from flask import Blueprint

from app import repository_gc_queue

test_bp = Blueprint("test_only", __name__)


@test_bp.route("/test-only", methods=["POST"])
def test_view():
    return {"job": repository_gc_queue.put(["test"], json.dumps({"marker_id": "test"}))}


def test_put_then_purge():
    repository_gc_queue.put(["test", "one"], json.dumps({"marker_id": "test+one"}))
    assert repository_gc_queue.alive(["test", "one"])
    assert repository_gc_queue.delete_namespaced_items("test") == 1
    assert not repository_gc_queue.alive(["test"])
