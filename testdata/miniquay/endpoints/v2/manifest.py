"""Manifests.

Patterns: GET by tag uses an injected model that overrides what the base class calls on `self`
(look-alike: DELETE by tag, the same call on the module's model); GET by digest passes the injected
model to a helper (look-alike: HEAD passes the module's model to it); GET of the referrers makes the
model pass a bound method along (look-alike: the tag list, where it passes another).
"""

from data.registry_model import registry_model
from endpoints.decorators import inject_model, parse_repository_name
from endpoints.v2 import v2_bp

TAG_PATTERN = "[a-z0-9_.-]+"
DIGEST_PATTERN = "[a-z0-9]+:[a-f0-9]+"
TAG_ROUTE = "/<repopath:repository>/manifests/<regex('%s'):tag>" % TAG_PATTERN
MANIFEST_DIGEST_ROUTE = "/<repopath:repository>/manifests/<regex('{0}'):digest>".format(
    DIGEST_PATTERN
)


@v2_bp.route(TAG_ROUTE, methods=["GET"])
@parse_repository_name
@inject_model()
def fetch_by_tag(namespace, name, tag, registry_model):
    return registry_model.find_tag(namespace, name, tag).as_dict()


@v2_bp.route(TAG_ROUTE, methods=["DELETE"])
@parse_repository_name
def delete_by_tag(namespace, name, tag):
    return registry_model.find_tag(namespace, name, tag).as_dict(), 202


def _describe(model, namespace, name, digest):
    return model.read_manifest(namespace, name, digest)


@v2_bp.route(MANIFEST_DIGEST_ROUTE, methods=["HEAD"])
@parse_repository_name
def check_by_digest(namespace, name, digest):
    return _describe(registry_model, namespace, name, digest)


@v2_bp.route(MANIFEST_DIGEST_ROUTE, methods=["GET"])
@parse_repository_name
@inject_model()
def fetch_by_digest(namespace, name, digest, registry_model):
    return _describe(registry_model, namespace, name, digest)


@v2_bp.route("/<repopath:repository>/referrers/<digest>", methods=["GET"])
@parse_repository_name
@inject_model()
def list_referrers(namespace, name, digest, registry_model):
    return {"referrers": registry_model.list_referrers(namespace, name, digest)}


@v2_bp.route("/<repopath:repository>/tags/list", methods=["GET"])
@parse_repository_name
@inject_model()
def list_tags(namespace, name, registry_model):
    return {"tags": registry_model.list_tags(namespace, name)}
