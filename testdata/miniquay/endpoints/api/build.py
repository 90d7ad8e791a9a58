"""Builds and their triggers.

Patterns: a resource shown only with a feature; the data layer imports the producer inside a
function (look-alike: GET goes the same way to a function that only counts); a handler found among
subclasses begins a build (look-alike: GET finds the same handler and only describes it).
"""

import features
from buildtrigger import TriggerHandler
from data import model
from endpoints.api import RepositoryResource, resource, show_if


@resource("/v1/repository/<repopath:repository>/build/")
@show_if(features.BUILD_SUPPORT)
class RepositoryBuilds(RepositoryResource):
    def get(self, namespace, name):
        return {"waiting": model.build.describe_builds(namespace, name)}

    def post(self, namespace, name):
        return {"job": model.build.request_build(namespace, name)}, 201


@resource("/v1/repository/<repopath:repository>/trigger/<service>")
class RepositoryTrigger(RepositoryResource):
    def get(self, namespace, name, service):
        return TriggerHandler.for_service(service).describe()

    def post(self, namespace, name, service):
        return {"job": TriggerHandler.for_service(service).begin(namespace, name)}
