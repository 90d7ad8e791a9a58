"""The logs models. Two inherit the export; the third has an export of the same name that does
nothing.

Pattern: the JSON body has a key that is only sometimes there (`namespace`).
"""

import json


class ExportingLogs:
    def queue_logs_export(self, queue, namespace, callback_url=None):
        body = {"export_id": f"export-{namespace}", "callback_url": callback_url}
        if not callback_url:
            body["namespace"] = namespace
        return queue.put([namespace], json.dumps(body), retries_remaining=3)


class TableLogs(ExportingLogs):
    def __init__(self, page_size=50):
        self._page_size = page_size

    def lookup_logs(self, namespace):
        return [f"{namespace} row {number}" for number in range(min(self._page_size, 3))]


class DocumentLogs(ExportingLogs):
    def __init__(self, page_size=50, index="logs"):
        self._page_size = page_size
        self._index = index

    def lookup_logs(self, namespace):
        return [f"{self._index}/{namespace}"]


class NullLogs:
    def __init__(self, page_size=0):
        self._page_size = page_size

    def lookup_logs(self, namespace):
        return []

    def queue_logs_export(self, queue, namespace, callback_url=None):
        return None
