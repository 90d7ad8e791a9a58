"""Repository mirrors.

Patterns: class decorators stacked, two of which register the same class, so POST enqueues under
three rules (look-alike: GET of the same class); a driver from a dict of classes that has one that
enqueues (look-alike: the archive's driver, from a dict that has none). A condition that is never
true registers nothing: the retired resource has no route although its method would enqueue.
"""

import json

import features
from app import archive_driver, mail_queue, mirror_driver
from endpoints.api import ApiResource, internal_only, resource, show_if


@resource("/v1/mirror/<orgname>", endpoint="mirror_by_name")
@resource("/v1/organization/<orgname>/mirror", "/v1/user/<orgname>/mirror")
@internal_only
@show_if(features.REPO_MIRROR)
class OrganizationMirror(ApiResource):
    def get(self, orgname):
        return {"mirror": orgname}

    def post(self, orgname):
        body = {"template": "mirror", "address": orgname}
        return {"job": mail_queue.put([orgname], json.dumps(body))}, 201


@resource("/v1/mirror/<orgname>/retired")
@show_if(False)
class RetiredMirror(ApiResource):
    def post(self, orgname):
        body = {"template": "retired", "address": orgname}
        return {"job": mail_queue.put([orgname], json.dumps(body))}, 201


@resource("/v1/uploads/mirror/<upload_id>")
class MirrorUpload(ApiResource):
    def delete(self, upload_id):
        mirror_driver.cancel_chunked_upload(upload_id)
        return {}, 202


@resource("/v1/uploads/archive/<upload_id>")
class ArchiveUpload(ApiResource):
    def delete(self, upload_id):
        archive_driver.cancel_chunked_upload(upload_id)
        return {}, 202
