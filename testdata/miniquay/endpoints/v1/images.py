"""Image layers.

Pattern: a generator streamed as the response does its work when the server iterates it; another
view iterates it itself. Look-alike: a view that makes the same generator and never iterates it.
"""

import json

from flask import Response, stream_with_context

from app import audit_queue
from endpoints.v1 import v1_bp


def _layer_chunks(image_id):
    yield b"first "
    yield b"second"
    audit_queue.put(["download"], json.dumps({"kind": "layer", "subject": image_id}))


@v1_bp.route("/images/<image_id>/layer", methods=["GET"])
def get_layer(image_id):
    return Response(stream_with_context(_layer_chunks(image_id)))


@v1_bp.route("/images/<image_id>/size", methods=["GET"])
def get_size(image_id):
    size = 0
    for chunk in _layer_chunks(image_id):
        size += len(chunk)
    return {"size": size}


@v1_bp.route("/images/<image_id>/json", methods=["GET"])
def get_description(image_id):
    chunks = _layer_chunks(image_id)
    return {"id": image_id, "streamed_by": chunks.__name__}
