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
from obzvon.journal.commands import CommandQueue
from obzvon.journal.findings import FindingsStore
from obzvon.journal.heartbeat import Heartbeats
from obzvon.journal.lock import JournalLock
from obzvon.journal.runs import Journal
from obzvon.service.dialer import Dialer
from obzvon.service.inputs import ScheduleWatch
from obzvon.service.line_monitor import LineCounter, LineMonitor
from obzvon.service.scheduler import Scheduler
from obzvon.settings.model import Settings


def phones_of(settings: Settings) -> Document[list[Phone]]:
    """The list of phones."""
    return documents.phones_document(settings.phones)


def week_of(settings: Settings) -> Document[Schedule]:
    """The week."""
    return documents.week_document(settings.schedule)


def link_of(settings: Settings) -> AmiClient | None:
    """The link to Asterisk's manager interface, None where there is to be none."""
    return AmiClient(settings.ami, settings.ordinary.context, settings.coded.context) if settings.ami else None


def ways_of(settings: Settings, spool: Spool, link: AmiClient | None) -> TransportSelector:
    """The ways for calls to go to Asterisk; who has no more than one of them still hears of calls of the other."""
    told = OutcomeMatcher(link) if link else None
    by_ami = AmiTransport(link, settings.ordinary, settings.coded, told) if link and told else None
    by_spool = SpoolTransport(spool, settings.ordinary, settings.coded, told) if settings.has_spool else None
    return TransportSelector(by_spool, by_ami, prefers_ami=settings.by_ami, told=told)


def open_journal(settings: Settings, *, patience: float = 30.0) -> Journal:
    """The journal; `patience` is Database's. Raises UserError."""
    return Journal(settings.journal.reveal(), patience=patience)


def build_service(settings: Settings, journal: Journal, lock: JournalLock | None = None) -> Scheduler:
    """The service on an open journal, which works as long as it holds that lock."""
    presence = Heartbeats(journal)
    agenda = ScheduleWatch(settings, WatchedDocument(phones_of(settings)), WatchedDocument(week_of(settings)), presence)
    spool, link = Spool.from_settings(settings), link_of(settings)
    ways = ways_of(settings, spool, link)
    gauge = LineCounter(ways.calls_in_progress, link)
    dialer = Dialer(settings, journal, spool, agenda, gauge=gauge, ways=ways)
    commands = CommandQueue(journal)
    examination = BackgroundCheck(
        settings.file, FindingsStore(journal), commands, is_refused=link.is_login_refused if link else None
    )
    return Scheduler(
        dialer,
        agenda,
        commands,
        presence,
        lock=lock,
        link=link,
        examination=examination,
        instruments=LineMonitor(gauge, settings.ami, link),
    )
