"""Every key of settings.ini: where it stands, what it means, what reads it."""

from collections.abc import Callable

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.retries import RETRYABLE
from obzvon.settings.ami import (
    parse_channel_group,
    parse_channel_prefix,
    parse_fingerprint,
    parse_host,
    parse_manager_user,
    parse_secret,
)
from obzvon.settings.secrets import parse_journal_url
from obzvon.settings.timezone import parse_zone
from obzvon.settings.values import (
    choice_parser,
    integer_parser,
    parse_caller_id,
    parse_date,
    parse_dialplan_name,
    parse_duration,
    parse_file_mode,
    parse_flag,
    parse_owner,
    parse_pace_mode,
    parse_pattern,
    parse_rate,
    parse_region,
    parse_retry_rule,
    parse_seconds,
    parse_text,
    parse_time,
)
from obzvon.settings.web import parse_ip_address, parse_listen_host


class SettingKey(msgspec.Struct, frozen=True):
    """One key: where it stands, the field of Settings it sets (`group` names a struct in it), how its text is read."""

    section: str
    name: str
    field: str
    read: Callable[[str], object]
    meaning: Message
    group: str = ""
    may_be_empty: bool = False
    """An empty value is a value; else it is the same as no such key."""


def _call_form(section: str, group: str) -> tuple[SettingKey, ...]:
    return (
        SettingKey(
            section,
            "context",
            "context",
            parse_dialplan_name,
            say("the dialplan context in which the number is rung"),
            group,
        ),
        SettingKey(
            section,
            "caller_id",
            "caller_id",
            parse_caller_id,
            say("the number that is shown to who is rung"),
            group,
            may_be_empty=True,
        ),
        SettingKey(
            section,
            "max_retries",
            "max_retries",
            integer_parser(0, 100),
            say("how many more times Asterisk itself tries an unanswered call"),
            group,
        ),
        SettingKey(
            section, "retry_time", "retry_time", integer_parser(1, 86_400), say("seconds before such a retry"), group
        ),
        SettingKey(
            section, "wait_time", "wait_time", integer_parser(1, 86_400), say("seconds to wait for the answer"), group
        ),
        SettingKey(
            section,
            "extension",
            "extension",
            parse_dialplan_name,
            say("where in the context the answered call goes"),
            group,
        ),
        SettingKey(section, "priority", "priority", integer_parser(1, 10_000), say("and at which priority"), group),
        SettingKey(
            section,
            "archive",
            "archive",
            parse_flag,
            say("whether Asterisk keeps finished call files, which tell who answered"),
            group,
        ),
    )


KEYS = (
    SettingKey("Dirs", "dir_source", "source", parse_text, say("the folder of the list and the week")),
    SettingKey("Dirs", "dir_store", "store", parse_text, say("the folder where call files are made ready")),
    SettingKey("Dirs", "dir_target", "target", parse_text, say("Asterisk's folder: call files in it are rung")),
    SettingKey("Dirs", "dir_logs", "logs", parse_text, say("the folder of the logs")),
    SettingKey("Dirs", "file_phones", "phones", parse_text, say("the file of the list")),
    SettingKey("Dirs", "file_sch", "schedule", parse_text, say("the file of the week")),
    SettingKey(
        "CreateCallFiles", "status", "former_status", choice_parser("Off", "Working"), say("left by the old script")
    ),
    SettingKey("CreateCallFiles", "start", "former_start", parse_date, say("the date of the old script's last run")),
    SettingKey(
        "CreateCallFiles",
        "bundle",
        "bundle",
        integer_parser(1, 100_000),
        say("how many calls are handed over together"),
    ),
    SettingKey("CreateCallFiles", "timeout", "timeout", parse_seconds, say("seconds between two bundles")),
    SettingKey(
        "Pace",
        "pacing",
        "pace_mode",
        parse_pace_mode,
        say("how the next bundle is chosen: fixed, throttled or adaptive"),
    ),
    SettingKey(
        "Pace", "calls_per_second", "rate", parse_rate, say("adaptive: how many calls a second are begun at the most")
    ),
    SettingKey(
        "Pace",
        "lines",
        "lines",
        integer_parser(1, 100_000),
        say("how many calls the trunk or the PBX carries in all"),
        "ceiling",
    ),
    SettingKey(
        "Pace",
        "reserve",
        "reserve",
        integer_parser(0, 100_000),
        say("how many lines stay free for the office"),
        "ceiling",
    ),
    SettingKey(
        "Pace", "limit", "limit", integer_parser(1, 100_000), say("the most calls that may be ours at once"), "ceiling"
    ),
    *(
        SettingKey(
            "Rounds",
            disposition.value.replace(" ", "_"),
            disposition.value,
            parse_retry_rule,
            say("how often, and after how long, such a call is made once more"),
            "rounds",
        )
        for disposition in RETRYABLE
    ),
    *_call_form("Calls", "ordinary"),
    *_call_form("CodeCalls", "coded"),
    SettingKey("Day", "time_zone", "zone", parse_zone, say("the time zone of the week, the logs and the reports")),
    SettingKey(
        "Day",
        "late_start",
        "late_start",
        parse_duration,
        say("how long a missed start is made up for; empty = the rest of the day"),
    ),
    SettingKey("Day", "latest", "latest", parse_time, say("the time of day after which nothing is handed over")),
    SettingKey("Numbers", "region", "region", parse_region, say("the country by whose plan numbers are read")),
    SettingKey("Numbers", "foreign", "foreign", parse_flag, say("whether numbers of other countries are rung")),
    SettingKey("Numbers", "premium", "premium", parse_flag, say("whether premium-rate numbers are rung")),
    SettingKey(
        "Numbers", "internal", "internal", parse_pattern, say("what internal numbers look like, a regular expression")
    ),
    SettingKey("Spool", "owner", "owner", parse_owner, say("the owner of call files; empty = that of dir_target")),
    SettingKey("Spool", "mode", "mode", parse_file_mode, say("the rights of call files")),
    SettingKey(
        "Spool", "pid_file", "pid_file", parse_text, say("Asterisk's pid file; while it is down nothing is handed over")
    ),
    SettingKey(
        "Journal", "url", "journal", parse_journal_url, say("where runs and calls are kept, a file or a database")
    ),
    SettingKey(
        "AMI", "host", "host", parse_host, say("where Asterisk's manager interface is; empty = none is used"), "ami"
    ),
    SettingKey("AMI", "port", "port", integer_parser(1, 65_535), say("its port"), "ami"),
    SettingKey("AMI", "user", "user", parse_manager_user, say("who logs in there"), "ami"),
    SettingKey("AMI", "secret", "secret", parse_secret, say("the password of that user"), "ami"),
    SettingKey("AMI", "tls", "tls", parse_flag, say("whether it is reached encrypted"), "ami"),
    SettingKey("AMI", "tls_ca", "tls_ca", parse_text, say("the file of the certificates that are trusted"), "ami"),
    SettingKey(
        "AMI",
        "tls_fingerprint",
        "tls_fingerprint",
        parse_fingerprint,
        say("the one certificate that is trusted"),
        "ami",
    ),
    SettingKey(
        "AMI",
        "transport",
        "transport",
        choice_parser("spool", "ami"),
        say("how calls go to Asterisk: spool = as files in dir_target, ami = by its manager interface"),
        "ami",
    ),
    SettingKey(
        "AMI", "trunk", "trunk", parse_channel_prefix, say("the beginning of the names of the trunk's channels"), "ami"
    ),
    SettingKey("AMI", "group", "group", parse_channel_group, say("the GROUP whose channels are counted"), "ami"),
    SettingKey(
        "AMI",
        "delivered",
        "delivered",
        parse_seconds,
        say("seconds for which a message must be listened to if it is to count as delivered; 0 = every answered one"),
    ),
    SettingKey(
        "Log", "level", "log_level", choice_parser("DEBUG", "INFO", "WARNING", "ERROR"), say("how much the log tells")
    ),
    SettingKey(
        "Log",
        "keep_days",
        "keep_days",
        integer_parser(0, 36_500),
        say("days for which log files are kept; 0 = for ever"),
    ),
    SettingKey(
        "Log", "language", "language", choice_parser("auto", "ru", "en"), say("the language of service and commands")
    ),
    SettingKey("Web", "host", "host", parse_listen_host, say("the address that the editor listens on"), "web"),
    SettingKey("Web", "port", "port", integer_parser(1, 65_535), say("the editor's port"), "web"),
    SettingKey("Web", "users", "users", parse_text, say("the file of the editor's users"), "web"),
    SettingKey(
        "Web",
        "plain_http",
        "plain_http",
        parse_flag,
        say("whether the editor may listen unencrypted on an address that other machines reach"),
        "web",
    ),
    SettingKey(
        "Web", "proxy", "proxy", parse_ip_address, say("the address of the proxy in front of the editor"), "web"
    ),
)
