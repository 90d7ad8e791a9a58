"""Logs.

Pattern: the export is found through a `__getattr__` proxy, on a model chosen by configuration.
Look-alikes: another method of the same proxy; the method of the same name on another proxy.
"""

from flask import request

import features
from app import export_logs_queue
from data.archive_model import archive_model
from data.logs_model import logs_model
from endpoints.api import ApiResource, RepositoryResource, resource, show_if


def _export(namespace):
    callback_url = request.args.get("callback_url")
    job = logs_model.queue_logs_export(export_logs_queue, namespace, callback_url)
    return {"job": job}


@resource("/v1/repository/<repopath:repository>/logs")
class RepositoryLogs(RepositoryResource):
    def get(self, namespace, name):
        return {"logs": logs_model.lookup_logs(namespace)}


@resource("/v1/repository/<repopath:repository>/exportlogs")
class RepositoryLogExport(RepositoryResource):
    def post(self, namespace, name):
        return _export(namespace)


@resource("/v1/repository/<repopath:repository>/archivelogs")
class RepositoryLogArchive(RepositoryResource):
    def post(self, namespace, name):
        return {"answer": archive_model.queue_logs_export(export_logs_queue, namespace)}


@resource("/v1/organization/<orgname>/exportlogs")
@show_if(features.LOG_EXPORT)
class OrganizationLogExport(ApiResource):
    def post(self, orgname):
        return _export(orgname)
