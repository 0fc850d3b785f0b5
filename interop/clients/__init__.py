"""The clients that send, each with what it documents to put on the wire."""

from .base import Client
from .curl import Curl
from .exim import Exim
from .msmtp import Msmtp
from .net_smtp import NetSmtp
from .nodemailer import Nodemailer
from .postfix import Postfix
from .python_smtplib import PythonSmtplib
from .swaks import Swaks


def clients() -> list[Client]:
    return [PythonSmtplib(), Nodemailer(), Swaks(), Curl(), Msmtp(), NetSmtp(), Postfix(), Exim()]
