"""Consumes audit records and produces repository notifications, but in no request."""

from app import audit_queue
from notifications import notification_batch
from workers.queueworker import QueueWorker


class SecurityWorker(QueueWorker):
    def process_queue_item(self, details):
        with notification_batch() as add_event:
            add_event(details["notification_id"], "vulnerability_found")


if __name__ == "__main__":
    SecurityWorker(audit_queue).start()
