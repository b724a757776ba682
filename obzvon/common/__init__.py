"""What any program would need: errors, translated sentences, files, processes, logs. Knows nothing of telephony."""
