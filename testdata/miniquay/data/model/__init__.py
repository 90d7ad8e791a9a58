"""The data layer: a settings object, callback lists, and the modules that use them.

Patterns: callback lists filled at start-up; modules imported at the end because they import this
package; `invite_member` and `list_members` re-exported for callers that import from here. The first
enqueues, the second is its look-alike.
"""


class ModelConfig:
    def __init__(self):
        self.cleanup_callbacks = []
        self.rename_callbacks = []

    def on_cleanup(self, callback):
        self.cleanup_callbacks.append(callback)

    def on_rename(self, callback):
        self.rename_callbacks.append(callback)


config = ModelConfig()

from data.model import build, repository, user
from data.model.team import invite_member, list_members
