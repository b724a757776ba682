"""Builds the service from the settings."""

from obzvon.asterisk.ami.client import AmiClient
from obzvon.asterisk.spool import Spool
from obzvon.asterisk.transport.ami import AmiTransport
from obzvon.asterisk.transport.failover import TransportSelector
from obzvon.asterisk.transport.outcome_matcher import OutcomeMatcher
from obzvon.asterisk.transport.spool import SpoolTransport
from obzvon.asterisk.transport.spool_sync import SpoolSync
from obzvon.checks.background import BackgroundCheck
from obzvon.common.boot import uptime
from obzvon.documents import store as documents
from obzvon.documents.store import Document
from obzvon.documents.watcher import WatchedDocument
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from obzvon.journal.database import OlderJournalError
from obzvon.journal.journal import Journal
from obzvon.journal.lock import JournalLock
from obzvon.journal.migration import migrate
from obzvon.service.archive_cleaner import ArchiveCleaner
from obzvon.service.chosen_message import ChosenMessage
from obzvon.service.dialer import Dialer
from obzvon.service.inputs import ScheduleWatch
from obzvon.service.line_monitor import LineCounter, LineMonitor
from obzvon.service.scheduler import Scheduler
from obzvon.service.start_gate import CallPathCheck, StartGate
from obzvon.settings.model import Settings
from obzvon.settings.restarts import setting_digests


def open_phones(settings: Settings) -> Document[list[Phone]]:
    """Return the list of phones, not read yet."""
    return documents.phones_document(settings.phones, settings.numbering_plan())


def open_schedule(settings: Settings) -> Document[Schedule]:
    """Return the schedule, not read yet."""
    return documents.schedule_document(settings.schedule)


def create_ami_client(settings: Settings) -> AmiClient | None:
    """Return a client for Asterisk's manager interface, not connected yet; None if none is configured."""
    return AmiClient(settings.ami, settings.ordinary.context, settings.coded.context) if settings.ami else None


def create_transports(settings: Settings, spool: Spool, ami: AmiClient | None) -> TransportSelector:
    """Return the transports. Each also recovers calls that went by it before the settings chose the other one."""
    outcomes = OutcomeMatcher(ami.calls) if ami else None
    message = ChosenMessage(documents.messages_document(settings.messages)).sound
    by_ami = by_spool = None
    if ami and outcomes:
        by_ami = AmiTransport(ami, ami.calls, settings.ordinary, settings.coded, outcomes, message=message)
    if settings.has_spool:
        sync = SpoolSync(spool.sync)
        by_spool = SpoolTransport(spool, settings.ordinary, settings.coded, outcomes, sync=sync, message=message)
    return TransportSelector(by_spool, by_ami, prefers_ami=settings.by_ami, outcomes=outcomes)


def open_journal(settings: Settings, *, busy_timeout: float = 30.0) -> Journal:
    """Return the journal; `busy_timeout` is how many seconds a busy database is waited for. Raise UserError."""
    return Journal(settings.journal.reveal(), busy_timeout=busy_timeout)


def open_service_journal(settings: Settings, *, busy_timeout: float = 30.0) -> Journal:
    """Return the journal for the service, which migrates one of an older version first. Raise UserError."""
    try:
        return open_journal(settings, busy_timeout=busy_timeout)
    except OlderJournalError:
        migrate(settings.journal.reveal(), busy_timeout=busy_timeout)
    return open_journal(settings, busy_timeout=busy_timeout)


def build_service(settings: Settings, journal: Journal, lock: JournalLock | None = None) -> Scheduler:
    """Return the service on an open journal. It works as long as it holds the lock."""
    journal.heartbeats.store_settings(setting_digests(settings))
    schedule_watch = ScheduleWatch(
        settings, WatchedDocument(open_phones(settings)), WatchedDocument(open_schedule(settings)), journal
    )
    spool, ami = Spool.from_settings(settings), create_ami_client(settings)
    transports = create_transports(settings, spool, ami)
    line_counter = LineCounter(transports.calls_in_progress, ami.calls if ami else None)
    dialer = Dialer(
        settings, journal, spool, schedule_watch, line_counter=line_counter, transports=transports, uptime=uptime
    )
    dialer.runs.gate = StartGate(CallPathCheck(settings, spool, ami))
    commands = journal.commands
    background_check = BackgroundCheck(
        settings.file, journal.findings, commands, login_state=ami.login_state if ami else None
    )
    return Scheduler(
        dialer,
        schedule_watch,
        commands,
        journal.heartbeats,
        lock=lock,
        ami=ami,
        background_check=background_check,
        line_monitor=LineMonitor(line_counter, settings.ami, ami),
        archive_cleaner=ArchiveCleaner(spool.done, journal.runs, days=settings.archive_days, zone=settings.zone)
        if settings.has_spool
        else None,
    )
