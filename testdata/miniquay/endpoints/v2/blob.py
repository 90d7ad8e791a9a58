"""Blobs.

Patterns: a loader whose closure holds a model, passed to a cache (GET with an injected model;
look-alike HEAD, the same call on the module's model); a helper shared by PUT and PATCH, where only
PUT gives the argument that decides (look-alike PATCH); work in the `finally` of a context manager
(POST; look-alike: the mount, with another context manager); wrapper methods made by a factory
(DELETE; look-alike GET).
"""

from flask import request

from app import model_cache, storage
from data.registry_model import registry_model
from data.registry_model.uploads import Upload, abandon_unless_committed, timed
from endpoints.decorators import inject_model, parse_repository_name
from endpoints.v2 import v2_bp

DIGEST_PATTERN = "[a-z0-9]+:[a-f0-9]+"
BLOB_ROUTE = "/<repopath:repository>/blobs/<regex('%s'):digest>" % DIGEST_PATTERN
UPLOADS_ROUTE = "/<repopath:repository>/blobs/uploads/"
UPLOAD_ROUTE = UPLOADS_ROUTE + "<upload_id>"


@v2_bp.route(BLOB_ROUTE, methods=["HEAD"])
@parse_repository_name
def check_blob(namespace, name, digest):
    return registry_model.find_blob_cached(model_cache, namespace, name, digest)


@v2_bp.route(BLOB_ROUTE, methods=["GET"])
@parse_repository_name
@inject_model()
def download_blob(namespace, name, digest, registry_model):
    return registry_model.find_blob_cached(model_cache, namespace, name, digest)


def _continue_upload(upload_id, digest=None):
    upload = Upload(storage, storage.preferred, upload_id)
    upload.append(request.get_data())
    if digest is not None:
        upload.commit(digest)
    return upload


@v2_bp.route(UPLOAD_ROUTE, methods=["PATCH"])
@parse_repository_name
def extend_upload(namespace, name, upload_id):
    _continue_upload(upload_id)
    return "", 202


@v2_bp.route(UPLOAD_ROUTE, methods=["PUT"])
@parse_repository_name
def finish_upload(namespace, name, upload_id):
    upload = _continue_upload(upload_id, digest=request.args["digest"])
    return {"digest": upload.committed_digest}, 201


@v2_bp.route(UPLOADS_ROUTE, methods=["POST"])
@parse_repository_name
def upload_whole(namespace, name):
    digest = request.args["digest"]
    with abandon_unless_committed(Upload(storage, storage.preferred, "whole")) as upload:
        upload.store_whole(request.get_data(), digest)
    return {"digest": digest}, 201


@v2_bp.route("/<repopath:repository>/blobs/mounts/", methods=["POST"])
@parse_repository_name
def mount_blob(namespace, name):
    digest = request.args["digest"]
    with timed(Upload(storage, storage.preferred, "mount")) as upload:
        upload.store_whole(request.get_data(), digest)
    return {"digest": digest, "seconds": upload.seconds}, 201


@v2_bp.route(UPLOAD_ROUTE, methods=["DELETE"])
@parse_repository_name
def cancel_upload(namespace, name, upload_id):
    storage.cancel_chunked_upload(storage.preferred, upload_id)
    return "", 204


@v2_bp.route(UPLOAD_ROUTE, methods=["GET"])
@parse_repository_name
def show_upload(namespace, name, upload_id):
    return {"known": storage.exists(storage.preferred, upload_id)}
