"""General helpers: errors, translated sentences, files, processes, logs. Nothing here knows of telephony."""
