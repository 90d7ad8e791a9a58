"""Repositories.

Pattern: DELETE of a repository hands a queue down over several layers. Look-alike: DELETE of its
pending jobs hands down the same queue, only to purge it. Pattern: a call under `if not features.X`;
look-alike: the GET of the same resource.
"""

import json

import features
from app import audit_queue
from endpoints.api import ApiResource, RepositoryResource, nickname, resource
from endpoints.api.repository_models import memory_actions as actions


@resource("/v1/repository")
class RepositoryList(ApiResource):
    @nickname("listRepositories")
    def get(self):
        return {"repositories": []}

    @nickname("createRepository")
    def post(self):
        if not features.QUIET_CREATE:
            audit_queue.put(["create"], json.dumps({"kind": "create", "subject": "repository"}))
        return {}, 201


@resource("/v1/repository/<repopath:repository>")
class RepositoryItem(RepositoryResource):
    def get(self, namespace, name):
        return {"namespace": namespace, "name": name}

    @nickname("deleteRepository")
    def delete(self, namespace, name):
        return {"job": actions.retire(namespace, name)}


@resource("/v1/repository/<repopath:repository>/pending")
class RepositoryPending(RepositoryResource):
    @nickname("forgetPendingJobs")
    def delete(self, namespace, name):
        return {"dropped": actions.forget_jobs(namespace, name)}
