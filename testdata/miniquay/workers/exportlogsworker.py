"""Consumes requests for log exports; the callback is only sometimes in the body."""

from app import export_logs_queue
from data.logs_model import logs_model
from workers.queueworker import QueueWorker


class ExportLogsWorker(QueueWorker):
    def process_queue_item(self, details):
        rows = logs_model.lookup_logs(details["namespace"])
        target = details.get("callback_url", "mail")
        return f"{details['export_id']}: {len(rows)} rows to {target}"


if __name__ == "__main__":
    ExportLogsWorker(export_logs_queue).start()
