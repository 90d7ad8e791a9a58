CONFIG = {"REMINDER_QUEUE": "reminders", "ARCHIVE_QUEUE": "archive"}
