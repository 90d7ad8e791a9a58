"""The rows of the registry.

Pattern: Label overrides what its manufactured base class calls on `self`, and puts an item on the
queue that it got as a field. Look-alike: Bookmark has the same field and the same base, and
overrides nothing.
"""

import json

from data.registry_model.rowtype import row_type


class Tag(row_type("Tag", ["name", "digest"])):
    def as_dict(self):
        return {"name": self.name, "digest": self.digest}


class Label(row_type("Label", ["key", "queue"])):
    def after_save(self):
        self.queue.put([self.key], json.dumps({"kind": "label", "subject": self.key}))


class Bookmark(row_type("Bookmark", ["key", "queue"])):
    def waiting(self):
        return self.queue.num_alive_jobs([self.key])
