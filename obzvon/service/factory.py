"""Puts the parts together as the settings say."""

from obzvon.asterisk.ami.client import AmiClient
from obzvon.asterisk.spool import Spool
from obzvon.asterisk.transport.ami import AmiTransport
from obzvon.asterisk.transport.failover import TransportSelector
from obzvon.asterisk.transport.outcome_matcher import OutcomeMatcher
from obzvon.asterisk.transport.spool import SpoolTransport
from obzvon.checks.background import BackgroundCheck
from obzvon.documents import store as documents
from obzvon.documents.store import Document
from obzvon.documents.watcher import WatchedDocument
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from obzvon.journal.journal import Journal
from obzvon.journal.lock import JournalLock
from obzvon.service.dialer import Dialer
from obzvon.service.inputs import ScheduleWatch
from obzvon.service.line_monitor import LineCounter, LineMonitor
from obzvon.service.scheduler import Scheduler
from obzvon.settings.model import Settings


def open_phones(settings: Settings) -> Document[list[Phone]]:
    """The list of phones."""
    return documents.phones_document(settings.phones)


def open_schedule(settings: Settings) -> Document[Schedule]:
    """The week."""
    return documents.week_document(settings.schedule)


def create_ami_client(settings: Settings) -> AmiClient | None:
    """The ami to Asterisk's manager interface, None where there is to be none."""
    return AmiClient(settings.ami, settings.ordinary.context, settings.coded.context) if settings.ami else None


def create_transports(settings: Settings, spool: Spool, ami: AmiClient | None) -> TransportSelector:
    """Return the configured transports. Each also recovers calls that went by the other one before a change."""
    told = OutcomeMatcher(ami) if ami else None
    by_ami = AmiTransport(ami, settings.ordinary, settings.coded, told) if ami and told else None
    by_spool = SpoolTransport(spool, settings.ordinary, settings.coded, told) if settings.has_spool else None
    return TransportSelector(by_spool, by_ami, prefers_ami=settings.by_ami, told=told)


def open_journal(settings: Settings, *, patience: float = 30.0) -> Journal:
    """The journal; `patience` is Database's. Raises UserError."""
    return Journal(settings.journal.reveal(), busy_timeout=patience)


def build_service(settings: Settings, journal: Journal, lock: JournalLock | None = None) -> Scheduler:
    """The service on an open journal, which works as long as it holds that lock."""
    schedule_watch = ScheduleWatch(
        settings, WatchedDocument(open_phones(settings)), WatchedDocument(open_schedule(settings)), journal
    )
    spool, ami = Spool.from_settings(settings), create_ami_client(settings)
    transports = create_transports(settings, spool, ami)
    line_counter = LineCounter(transports.calls_in_progress, ami)
    dialer = Dialer(settings, journal, spool, schedule_watch, line_counter=line_counter, transports=transports)
    commands = journal.commands
    background_check = BackgroundCheck(
        settings.file, journal.findings, commands, is_refused=ami.is_login_refused if ami else None
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
    )
