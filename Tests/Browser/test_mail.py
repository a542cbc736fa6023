"""Letters go to a real mail server through TLS, or not at all."""

import json
import logging
import ssl
import tempfile
import unittest
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from certificate import Certificate
from server import Server, free_port, until

ADDRESS, USER, PASSWORD = "ada@example.org", "stats", "a password of the mail server"

# What the tests provoke is no news.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


class MailServer:
    """Keeps of each mail to whom it goes and whether it came through TLS, and every password that it is told."""

    def __init__(self, **options):
        self.mails, self.passwords = [], []
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port(), authenticator=self.authenticate, **options)
        self.controller.start()

    def authenticate(self, server, session, envelope, mechanism, data):
        self.passwords.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    async def handle_DATA(self, server, session, envelope):
        is_secure = server.transport.get_extra_info("ssl_object") is not None
        self.mails.append((envelope.rcpt_tos, is_secure, session.authenticated))
        return "250 OK"


class Mail(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.own = Certificate(folder.name)
        cls.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.tls.load_cert_chain(cls.own.certificate, cls.own.key)

    def sign_up(self, scheme, options, password=None, **mail_options):
        """Has a letter sent; answers the mail server, and how many letters were sent and failed."""
        mails = MailServer(**mail_options)
        self.addCleanup(mails.controller.stop)
        server = Server(
            "--sign-up", "open", "--public-url", "https://stats.example.org", "--mail-from", "stats@example.org",
            "--smtp-url", f"{scheme}://127.0.0.1:{mails.controller.port}", *options)
        self.addCleanup(server.discard)
        if password:
            server.environment = {"DATTSS_SMTP_PASSWORD": password}
        server.start()
        status, _, body = server.request("/api/v1/sign-up", json.dumps({"email": ADDRESS}).encode(), "POST")
        # Whoever asks is not told whether the letter can be sent.
        self.assertEqual(status, 202, body)

        def outcome():
            lines = server.request("/metrics")[2].decode().splitlines()
            counts = {name: int(float(line.split()[-1])) for name in ("sent", "failed")
                      for line in lines if line.startswith(f'dattss_mails_total{{outcome="{name}"}}')}
            return counts if sum(counts.values()) else None

        counts = until(outcome, 40, "an outcome")
        return mails, counts, Path(server.folder, "log").read_text()

    def assert_sent(self, found, is_authenticated):
        mails, counts, _ = found
        self.assertEqual(mails.mails, [([ADDRESS], True, is_authenticated)])
        self.assertEqual(counts, {"sent": 1, "failed": 0})

    def assert_refused(self, found, reason):
        mails, counts, log = found
        self.assertEqual((mails.mails, counts), ([], {"sent": 0, "failed": 1}))
        self.assertIn(f"a mail to {ADDRESS} was not sent", log)
        self.assertIn(reason, log)
        self.assertNotIn(PASSWORD, log)

    def test_tls_from_the_first_byte(self):
        found = self.sign_up(
            "smtps", ["--smtp-authority", self.own.certificate, "--smtp-user", USER], PASSWORD, ssl_context=self.tls,
            auth_require_tls=False)
        self.assert_sent(found, True)
        self.assertEqual(found[0].passwords, [(USER, PASSWORD)])

    def test_starttls_before_the_password(self):
        found = self.sign_up(
            "smtp", ["--smtp-authority", self.own.certificate, "--smtp-user", USER, "--smtp-tls"], PASSWORD,
            tls_context=self.tls, require_starttls=True, auth_required=True)
        self.assert_sent(found, True)
        self.assertEqual(found[0].passwords, [(USER, PASSWORD)])

    def test_starttls_is_used_where_it_is_offered(self):
        self.assert_sent(self.sign_up("smtp", ["--smtp-authority", self.own.certificate], tls_context=self.tls), None)

    def test_a_certificate_that_nobody_vouches_for_gets_no_mail(self):
        self.assert_refused(self.sign_up("smtps", [], ssl_context=self.tls), "certificate")
        self.assert_refused(self.sign_up("smtp", [], tls_context=self.tls), "certificate")

    def test_without_tls_there_is_no_mail_and_no_password_when_it_is_asked_for(self):
        found = self.sign_up("smtp", ["--smtp-tls", "--smtp-user", USER], PASSWORD, auth_require_tls=False)
        self.assert_refused(found, "STARTTLS")
        self.assertEqual(found[0].passwords, [])

    def test_a_wrong_password_is_an_error_that_the_log_tells_without_the_password(self):
        found = self.sign_up(
            "smtp", ["--smtp-authority", self.own.certificate, "--smtp-user", USER], PASSWORD + "?",
            tls_context=self.tls, require_starttls=True, auth_required=True)
        self.assert_refused(found, "Login denied")


if __name__ == "__main__":
    unittest.main()
