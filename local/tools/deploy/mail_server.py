"""An SMTP server on a loopback port that puts every e-mail into a folder, as N.eml, whole or not at all.

It ends when its standard input does.
"""

import os
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Folder:
    def __init__(self, path):
        self.path = path
        self.letters = 0

    async def handle_DATA(self, server, session, envelope):
        self.letters += 1
        draft = os.path.join(self.path, f"{self.letters}.draft")
        with open(draft, "wb") as file:
            file.write(envelope.content)
        os.rename(draft, os.path.join(self.path, f"{self.letters}.eml"))
        return "250 kept"


def anybody(server, session, envelope, mechanism, data):
    return AuthResult(success=True)


def main():
    folder, port = sys.argv[1], int(sys.argv[2])
    controller = Controller(
        Folder(folder), hostname="127.0.0.1", port=port, authenticator=anybody, auth_require_tls=False
    )
    controller.start()
    sys.stdin.buffer.read()
    controller.stop()


if __name__ == "__main__":
    main()
