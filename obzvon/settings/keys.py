"""Every key of settings.ini: its section, its meaning, its parser."""

from collections.abc import Callable

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.domain.results import RETRYABLE
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
    parse_countries,
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
    """A key of settings.ini: `parse` turns its text into the value of `field` in Settings.

    `group` names the struct in Settings that has the field. An empty value counts as a missing key unless
    `may_be_empty`.
    """

    section: str
    name: str
    field: str
    parse: Callable[[str], object]
    meaning: Message
    group: str = ""
    may_be_empty: bool = False


def _call_form_keys(section: str, group: str) -> tuple[SettingKey, ...]:
    parsers: dict[str, tuple[Callable[[str], object], Message]] = {
        "context": (parse_dialplan_name, say("the dialplan context that the number is called in")),
        "caller_id": (parse_caller_id, say("the caller ID that the called person sees")),
        "max_retries": (integer_parser(0, 100), say("how many more times Asterisk itself tries an unanswered call")),
        "retry_time": (integer_parser(1, 86_400), say("seconds before such a retry")),
        "wait_time": (integer_parser(1, 86_400), say("seconds to wait for the answer")),
        "extension": (parse_dialplan_name, say("the extension that an answered call goes to")),
        "priority": (integer_parser(1, 10_000), say("the priority that it starts at")),
        "archive": (parse_flag, say("whether Asterisk keeps finished call files, which say who answered")),
        "account": (parse_flag, say("whether each call's account code is its name, which Asterisk's CDR then has")),
    }
    return tuple(
        SettingKey(section, name, name, parse, meaning, group, may_be_empty=name == "caller_id")
        for name, (parse, meaning) in parsers.items()
    )


KEYS = (
    SettingKey("Dirs", "dir_source", "source", parse_text, say("the folder of the list and the schedule")),
    SettingKey("Dirs", "dir_store", "store", parse_text, say("the folder where call files are prepared")),
    SettingKey(
        "Dirs", "dir_target", "target", parse_text, say("Asterisk's folder: it makes the calls of the files in it")
    ),
    SettingKey("Dirs", "dir_logs", "logs", parse_text, say("the folder of the logs")),
    SettingKey("Dirs", "dir_messages", "messages", parse_text, say("the folder of the messages, which Asterisk reads")),
    SettingKey("Dirs", "file_phones", "phones", parse_text, say("the file of the list")),
    SettingKey("Dirs", "file_sch", "schedule", parse_text, say("the file of the schedule")),
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
    SettingKey("Pace", "calls_per_second", "rate", parse_rate, say("adaptive: the most calls started per second")),
    SettingKey(
        "Pace",
        "lines",
        "lines",
        integer_parser(1, 100_000),
        say("how many calls the trunk or the PBX can carry in total"),
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
    SettingKey("Pace", "limit", "limit", integer_parser(1, 100_000), say("the most calls of ours at once"), "ceiling"),
    *(
        SettingKey(
            "Rounds",
            disposition.value.replace(" ", "_"),
            disposition.value,
            parse_retry_rule,
            say("how often, and after how long, such a call is made again"),
            "rounds",
        )
        for disposition in RETRYABLE
    ),
    *_call_form_keys("Calls", "ordinary"),
    *_call_form_keys("CodeCalls", "coded"),
    SettingKey("Day", "time_zone", "zone", parse_zone, say("the time zone of the schedule, the logs and the reports")),
    SettingKey(
        "Day",
        "late_start",
        "late_start",
        parse_duration,
        say("how late a missed start may still be made; empty = any time that day"),
    ),
    SettingKey(
        "Day",
        "hold_start",
        "hold_start",
        parse_flag,
        say("whether a run waits while it is certain that no call can work: no trunk, no message"),
    ),
    SettingKey(
        "Day",
        "hold_after",
        "hold_after",
        integer_parser(0, 1000),
        say("after how many failed calls in a row a run is held, 0 = never"),
    ),
    SettingKey(
        "Day",
        "calls_a_run",
        "calls_a_run",
        integer_parser(0, 10_000_000),
        say("the most calls that a run hands over, 0 = no limit"),
    ),
    SettingKey(
        "Day",
        "calls_a_day",
        "calls_a_day",
        integer_parser(0, 10_000_000),
        say("the most calls that are handed over on a day, 0 = no limit"),
    ),
    SettingKey(
        "Day",
        "test_calls",
        "test_calls",
        integer_parser(0, 10_000),
        say("the most test calls on a day, 0 = no limit"),
    ),
    SettingKey("Day", "latest", "latest", parse_time, say("the time of day after which no calls are handed over")),
    SettingKey("Numbers", "region", "region", parse_region, say("the country whose numbering plan applies")),
    SettingKey(
        "Numbers",
        "foreign",
        "foreign",
        parse_countries,
        say("the countries whose numbers are called too, or yes for all but the expensive ones"),
    ),
    SettingKey("Numbers", "premium", "premium", parse_flag, say("whether premium-rate numbers are called")),
    SettingKey(
        "Numbers", "internal", "internal", parse_pattern, say("what internal numbers look like, a regular expression")
    ),
    SettingKey("Spool", "owner", "owner", parse_owner, say("the owner of call files; empty = that of dir_target")),
    SettingKey("Spool", "mode", "mode", parse_file_mode, say("the mode of call files")),
    SettingKey(
        "Spool",
        "pid_file",
        "pid_file",
        parse_text,
        say("Asterisk's pid file; while Asterisk is down, no calls are handed over; none = it is not checked"),
    ),
    SettingKey(
        "Spool",
        "archive_days",
        "archive_days",
        integer_parser(0, 36_500),
        say("for how many days finished call files of obzvon stay in outgoing_done; 0 = for ever"),
    ),
    SettingKey(
        "Journal", "url", "journal", parse_journal_url, say("where runs and calls are kept, a file or a database")
    ),
    SettingKey(
        "AMI", "host", "host", parse_host, say("where Asterisk's manager interface is; empty = none is used"), "ami"
    ),
    SettingKey("AMI", "port", "port", integer_parser(1, 65_535), say("its port"), "ami"),
    SettingKey("AMI", "user", "user", parse_manager_user, say("the user that logs in there"), "ami"),
    SettingKey("AMI", "secret", "secret", parse_secret, say("the password of that user"), "ami"),
    SettingKey("AMI", "tls", "tls", parse_flag, say("whether the connection is encrypted"), "ami"),
    SettingKey("AMI", "tls_ca", "tls_ca", parse_text, say("the file with the trusted certificates"), "ami"),
    SettingKey(
        "AMI",
        "tls_fingerprint",
        "tls_fingerprint",
        parse_fingerprint,
        say("the fingerprint of the one trusted certificate"),
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
        say("seconds that a message must be heard to count as delivered; 0 = every answered call"),
    ),
    SettingKey(
        "Log", "level", "log_level", choice_parser("DEBUG", "INFO", "WARNING", "ERROR"), say("how much is logged")
    ),
    SettingKey(
        "Log",
        "keep_days",
        "keep_days",
        integer_parser(0, 36_500),
        say("days that log files are kept; 0 = forever"),
    ),
    SettingKey(
        "Log", "language", "language", choice_parser("auto", "ru", "en"), say("the language of service and commands")
    ),
    SettingKey(
        "Speech",
        "command",
        "speech",
        parse_text,
        say("the program that speaks texts where RHVoice is not installed; it reads a text and writes WAV"),
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
