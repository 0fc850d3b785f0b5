#!/usr/bin/python3
"""A milter on libmilter, by Debian's python3-milter: it makes every edit that the fields of a message ask for.

usage: milter_editor.py SOCKET
"""

import sys

import Milter


class Editor(Milter.Base):
    def __init__(self):
        self.id = Milter.uniqueID()
        self.asked = {}
        self.size = 0

    def envfrom(self, sender, *parameters):
        self.asked, self.size = {}, 0
        return Milter.CONTINUE

    def envrcpt(self, recipient, *parameters):
        if recipient.startswith("<refused@"):
            self.setreply("550", "5.1.1", "100%% refused by the editor")
            return Milter.REJECT
        if recipient.startswith("<later@"):
            return Milter.TEMPFAIL
        return Milter.CONTINUE

    @Milter.noreply
    def header(self, name, value):
        self.asked[name.lower()] = value
        return Milter.CONTINUE

    def eoh(self):
        self.macro = self.getsymval("i") or ""
        return Milter.CONTINUE

    def body(self, chunk):
        self.size += len(chunk)
        return Milter.CONTINUE

    def eom(self):
        edit = self.asked.get("x-edit", "").strip()
        if edit == "all":
            self.progress()
            self.addheader("X-Added", "at the end,\n folded")
            self.addheader("X-First", "at the top", 0)
            self.addheader("X-Second", "below it", 1)
            self.chgheader("X-Change", 2, "changed")
            self.chgheader("X-Remove", 1, None)
            self.addrcpt("<added@example.com>")
            self.addrcpt("<noted@example.com>", "NOTIFY=NEVER")
            self.delrcpt("<dropped@example.com>")
            self.chgfrom("<changed@client.example>")
            self.replacebody("a new body of %d bytes" % self.size)
            self.replacebody(", in two parts\r\n")
            self.addheader("X-Macro", self.macro)
        elif edit == "quarantine":
            self.quarantine("as the message asked for")
        elif edit == "discard":
            return Milter.DISCARD
        elif edit == "refuse":
            self.setreply("554", "5.7.1", "refused", "in two lines")
            return Milter.REJECT
        return Milter.ACCEPT if edit == "accept" else Milter.CONTINUE


Milter.factory = Editor
Milter.set_flags(Milter.CHGBODY + Milter.CHGHDRS + Milter.ADDHDRS + Milter.ADDRCPT + Milter.ADDRCPT_PAR + Milter.DELRCPT
                 + Milter.CHGFROM + Milter.QUARANTINE)
Milter.runmilter("editor", sys.argv[1], 60)
