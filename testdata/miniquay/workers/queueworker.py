"""Base class of the workers: runs its operations in turn, the first of which drains a queue."""

import json
import time


class QueueWorker:
    def __init__(self, queue):
        self._queue = queue
        self._operations = []
        self.add_operation(self.drain)
        self.add_operation(self._queue.update_metrics)

    def add_operation(self, operation):
        self._operations.append(operation)

    def process_queue_item(self, details):
        raise NotImplementedError

    def drain(self):
        while (item := self._queue.get()) is not None:
            try:
                self.process_queue_item(json.loads(item["body"]))
            except LookupError:
                self._queue.incomplete(item)
                return
            self._queue.complete(item)

    def start(self, pause_seconds=5):
        while True:
            for operation in self._operations:
                operation()
            time.sleep(pause_seconds)
