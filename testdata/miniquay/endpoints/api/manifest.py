"""Manifests and tags.

Patterns: rules put together with `.format` and `+`; rows whose base class a function made, saved
here. Look-alike: the bookmark is saved by the same code of another manufactured base. Pattern:
show_if with a value from the configuration.
"""

from app import app, audit_queue
from data.registry_model.rows import Bookmark, Label
from endpoints.api import RepositoryResource, resource, show_if

DIGEST_PATTERN = "[a-z0-9]+:[a-f0-9]+"
MANIFEST_ROUTE = "/v1/repository/<repopath:repository>/manifest/<regex('{0}'):digest>".format(
    DIGEST_PATTERN
)


@resource(MANIFEST_ROUTE)
class RepositoryManifest(RepositoryResource):
    def get(self, namespace, name, digest):
        return {"digest": digest}


@resource(MANIFEST_ROUTE + "/labels")
@show_if(app.config.get("ALLOW_LABELS", True))
class ManifestLabels(RepositoryResource):
    def get(self, namespace, name, digest):
        return {"labels": []}

    def post(self, namespace, name, digest):
        label = Label.build(key=digest, queue=audit_queue)
        label.save()
        return {"label": label.key}, 201


@resource("/v1/repository/<repopath:repository>/bookmark/<tag>")
class TagBookmark(RepositoryResource):
    def put(self, namespace, name, tag):
        bookmark = Bookmark.build(key=tag, queue=audit_queue)
        bookmark.save()
        return {"waiting": bookmark.waiting()}
