"""What the program must bear."""

from .activation import Activation
from .base import Ordeal
from .deliver import Deliver
from .disk_full import DiskFull
from .failing_disk import FailingDisk
from .fairness import Fairness
from .file_limit import FileLimit
from .forward import Forward
from .forward_kills import ForwardKills
from .handover import Handover
from .hostile_mail import HostileMail
from .hostility import Hostility
from .kills import Kills, KillsWithoutRename
from .kills_between_copies import KillsBetweenCopies
from .nats import Nats
from .order import Order
from .read_only import ReadOnly
from .s3 import S3
from .several import Several
from .soak import Soak
from .units import Units
from .webhook import Webhook


def ordeals() -> list[Ordeal]:
    return [
        Kills(), KillsWithoutRename(), KillsBetweenCopies(), Order(), FailingDisk(), DiskFull(), ReadOnly(), FileLimit(), Handover(), Activation(),
        Units(), Hostility(), HostileMail(), Fairness(), Forward(), ForwardKills(), Several(), Nats(), Deliver(), Webhook(), S3(), Soak(),
    ]  # fmt: skip
