import json


class WorkQueue:
    def __init__(self, queue_name, store, has_namespace=False):
        self.queue_name = queue_name
        self.store = store
        self.has_namespace = has_namespace

    def put(self, path, body):
        self.store.append((self.queue_name, path, body))

    def get(self):
        return self.store.pop() if self.store else None


def body(**fields):
    return json.dumps(fields)
