"""Resources for superusers.

Patterns: start-up callbacks (look-alike: the other callback list); `method_decorators` of a
resource, as a list and as a dict by method, and a decorator on one method (look-alikes: the
resource with the inherited list, the method the dict does not name, the method beside); the order
of a decorator list decides, the first in the list being the innermost.
"""

from functools import wraps

from data import model
from data.registry_model import registry_model
from data.registry_model.proxy_model import ProxyModel
from endpoints.api import ApiResource, RepositoryResource, resource
from endpoints.decorators import note_access


@resource("/v1/superuser/repository/<repopath:repository>")
class SuperuserRepository(RepositoryResource):
    def delete(self, namespace, name):
        model.repository.purge_repository(namespace, name)
        return {}, 202

    def put(self, namespace, name):
        model.repository.rename_repository(namespace, name)
        return {}, 202


@resource("/v1/superuser/logs")
class SuperuserLogs(ApiResource):
    method_decorators = [note_access]

    def get(self):
        return {"logs": []}


@resource("/v1/superuser/keys")
class SuperuserKeys(ApiResource):
    def get(self):
        return {"keys": []}

    @note_access
    def post(self):
        return {}, 201


@resource("/v1/superuser/messages")
class SuperuserMessages(ApiResource):
    method_decorators = {"put": [note_access]}

    def get(self):
        return {"messages": []}

    def put(self):
        return {}, 200


def with_model(model_to_use):
    def inner(func):
        @wraps(func)
        def wrapper(tag, used_model=None):
            return func(tag, used_model=model_to_use)

        return wrapper

    return inner


use_local = with_model(registry_model)
use_remote = with_model(ProxyModel("upstream"))


class TagProbe(ApiResource):
    def get(self, tag, used_model):
        return used_model.find_tag("library", "probe", tag).as_dict()


@resource("/v1/superuser/probe/remote/<tag>")
class RemoteTagProbe(TagProbe):
    method_decorators = [use_remote, use_local]


@resource("/v1/superuser/probe/local/<tag>")
class LocalTagProbe(TagProbe):
    method_decorators = [use_local, use_remote]
