"""The triggers: one starts a build at once; its look-alike waits for a call of the host."""

from buildtrigger.base import TriggerHandler
from endpoints.building import begin_build


class CustomTrigger(TriggerHandler):
    service = "custom"

    def begin(self, namespace, name):
        return begin_build(namespace, name)


class HostedTrigger(TriggerHandler):
    service = "hosted"

    def begin(self, namespace, name):
        return f"waiting for {namespace}/{name}"
