"""Puts the parts together as the settings say."""

from obzvon import documents
from obzvon.agenda import Agenda
from obzvon.ami import Link
from obzvon.by_ami import ByAmi
from obzvon.by_spool import BySpool
from obzvon.campaign import Phone, Week
from obzvon.commands import Commands
from obzvon.dialer import Dialer
from obzvon.documents import Document, Watched
from obzvon.examination import Examination
from obzvon.findings import Findings
from obzvon.gauges import Gauge
from obzvon.instruments import Instruments
from obzvon.journal import Journal
from obzvon.journal_lock import Lock
from obzvon.presence import Presence
from obzvon.scheduler import Scheduler
from obzvon.settings import Settings
from obzvon.spool import Spool
from obzvon.told import Told
from obzvon.ways import Ways


def phones_of(settings: Settings) -> Document[list[Phone]]:
    """The list of phones."""
    return documents.phones_document(settings.phones)


def week_of(settings: Settings) -> Document[Week]:
    """The week."""
    return documents.week_document(settings.schedule)


def spool_of(settings: Settings) -> Spool:
    """The store and Asterisk's spool."""
    return Spool(settings.store, settings.target, owner=settings.owner, mode=settings.mode, pid_file=settings.pid_file)


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
