"""What real software does with the program beyond sending messages: each a story with an end that is checked."""

from pathlib import Path

from .auth import Auth
from .authentication import Authentication
from .base import Scenario
from .chaos import Chaos
from .compose import Compose
from .deliver import Deliver
from .dkim import Dkim
from .dnsbl import Dnsbl
from .dsn import Dsn
from .exim import Exim
from .extensions import Extensions
from .first_mail import FirstMail
from .forward import Forward
from .guide import Guide
from .haproxy import Haproxy
from .imap import Imap
from .inbox import Inbox
from .international import International
from .limits import Limits
from .lmtp import Lmtp
from .metrics import Metrics
from .milter import Milter
from .mta_hooks import MtaHooks
from .nats import Nats
from .nats_s3 import NatsS3
from .release import Release
from .rspamd import RspamdFilter
from .s3 import S3
from .spf import Spf
from .talk import Talk
from .tls import Tls
from .users import Users
from .webhook import Webhook
from .welcome import Welcome
from .workflow import Workflow
from .xclient import Xclient


def scenarios(examples: Path) -> list[Scenario]:
    """All of them; `examples` is the folder of the built examples, which some of them play with."""
    stores = [Imap(), Lmtp(), Forward(), Nats(), Deliver(), Webhook(), S3(), NatsS3(), Users()]
    servers = [Haproxy(), Xclient(), Tls(), Welcome(), Chaos(), Talk(), Metrics(), Inbox(), Release()]
    guides = [Guide(), Compose(), Workflow(), FirstMail()]
    plain = [Exim(), Dsn(), International(), Extensions(), *stores, *servers]
    filters = [Authentication(), Dkim(), Dnsbl(), Spf(), Limits(), Milter(), RspamdFilter(), MtaHooks()]
    return [*plain, *guides, *filters, Auth(examples)]
