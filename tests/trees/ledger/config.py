CONFIG = {"SSO_SERVICES": [], "REMINDER_QUEUE": "reminders", "ARCHIVE_QUEUE": "archive"}
