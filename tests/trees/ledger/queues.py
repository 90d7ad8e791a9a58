from config import CONFIG
from jobs import WorkQueue

STORE = []

reminder_queue = WorkQueue(CONFIG["REMINDER_QUEUE"], STORE)
archive_queue = WorkQueue(CONFIG["ARCHIVE_QUEUE"], STORE, has_namespace=True)
