"""A one-off migration that puts items; no request ever runs it."""

import json

from app import repository_gc_queue


def upgrade():
    repository_gc_queue.put(["migration"], json.dumps({"marker_id": "migration"}))
