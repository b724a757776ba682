"""Puts the parts together as the settings say."""

from obzvon.asterisk.ami.client import Link
from obzvon.asterisk.spool import Spool, spool_of
from obzvon.asterisk.transport.ami import ByAmi
from obzvon.asterisk.transport.failover import Ways
from obzvon.asterisk.transport.outcome_matcher import Told
from obzvon.asterisk.transport.spool import BySpool
from obzvon.checks.background import Examination
from obzvon.documents import store as documents
from obzvon.documents.store import Document
from obzvon.documents.watcher import Watched
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Week
from obzvon.journal.commands import Commands
from obzvon.journal.findings import Findings
from obzvon.journal.heartbeat import Presence
from obzvon.journal.lock import Lock
from obzvon.journal.runs import Journal
from obzvon.service.dialer import Dialer
from obzvon.service.inputs import Agenda
from obzvon.service.line_monitor import Gauge, Instruments
from obzvon.service.scheduler import Scheduler
from obzvon.settings.model import Settings


def phones_of(settings: Settings) -> Document[list[Phone]]:
    """The list of phones."""
    return documents.phones_document(settings.phones)


def week_of(settings: Settings) -> Document[Week]:
    """The week."""
    return documents.week_document(settings.schedule)


def link_of(settings: Settings) -> Link | None:
    """The link to Asterisk's manager interface, None where there is to be none."""
    return Link(settings.ami, settings.ordinary.context, settings.coded.context) if settings.ami else None


def ways_of(settings: Settings, spool: Spool, link: Link | None) -> Ways:
    """The ways for calls to go to Asterisk; who has no more than one of them still hears of calls of the other."""
    told = Told(link) if link else None
    by_ami = ByAmi(link, settings.ordinary, settings.coded, told) if link and told else None
    by_spool = BySpool(spool, settings.ordinary, settings.coded, told) if settings.has_spool else None
    return Ways(by_spool, by_ami, prefers_ami=settings.by_ami, told=told)


def open_journal(settings: Settings, *, patience: float = 30.0) -> Journal:
    """The journal; `patience` is Database's. Raises UserError."""
    return Journal(settings.journal.reveal(), patience=patience)


def build_service(settings: Settings, journal: Journal, lock: Lock | None = None) -> Scheduler:
    """The service on an open journal, which works as long as it holds that lock."""
    presence = Presence(journal)
    agenda = Agenda(settings, Watched(phones_of(settings)), Watched(week_of(settings)), presence)
    spool, link = spool_of(settings), link_of(settings)
    ways = ways_of(settings, spool, link)
    gauge = Gauge(ways.present, link)
    dialer = Dialer(settings, journal, spool, agenda, gauge=gauge, ways=ways)
    commands = Commands(journal)
    examination = Examination(settings.file, Findings(journal), commands,
                              is_refused=link.is_refused if link else None)
    return Scheduler(dialer, agenda, commands, presence, lock=lock, link=link, examination=examination,
                     instruments=Instruments(gauge, settings.ami, link))
