"""The second registry protocol: the error answer that its views share enqueues nothing."""

from flask import Blueprint, jsonify

from data.registry_model.uploads import DigestMismatch
from endpoints.decorators import no_store, timed_blueprint

v2_bp = timed_blueprint(Blueprint("v2", __name__))


@v2_bp.app_errorhandler(DigestMismatch)
def refuse_upload(error):
    return jsonify({"errors": [{"code": "DIGEST_INVALID", "message": str(error)}]}), 400


@v2_bp.route("/")
@no_store
def check_support():
    return {}


from endpoints.v2 import blob, manifest
