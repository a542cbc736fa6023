"""Who is in a team, by the command line: beside a server, which notices, and without one."""

import json
import re
import unittest
import urllib.error
import urllib.request

from shell import ShellTest, eventually

NO_USER, DATA = 67, 65


class TeamTests(ShellTest):
    def command(self, *arguments, code=0):
        done = self.run_here(*arguments, "--data-dir", self.data)
        self.assertEqual(done.returncode, code, done)
        return done.stdout.strip()

    def ask(self, http, path, session, body=None, method=None):
        """As somebody who is signed in; answers the status and the JSON."""
        headers = {"Cookie": session}
        if body is not None or method:
            headers["X-CSRF-Token"] = self.ask(http, "/api/v1/session", session)[1]["csrf"]
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"http://{http}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def sign_in(self, user):
        link = self.command("user", "link", user)

        class Staying(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None

        try:
            urllib.request.build_opener(Staying).open(link)
        except urllib.error.HTTPError as error:
            return error.headers["Set-Cookie"].split(";")[0]
        raise AssertionError("the link does not sign in")

    def test_a_member_is_invited_listed_changed_and_removed_beside_a_server(self):
        server = self.serve()
        for user in ("shop", "ann"):
            self.command("user", "add", user, "--email", f"{user}@example.org")
        link = self.command("team", "invite", "shop", "--role", "edit", "--email", "ann@example.org")
        self.assertRegex(link, rf"^http://{server.http}/account#join=[0-9a-f]{{64}}$")
        listed = self.command("team", "list", "shop").splitlines()
        self.assertRegex(listed[0], r"^shop\towner\tsince \S+Z\tshop@example\.org$")
        self.assertRegex(listed[1], r"^i[0-9a-f]{8}\tedit\tinvited until \S+Z by command line\tann@example\.org$")

        eventually(lambda: self.command("user", "list").count("\n") == 2)
        session = self.sign_in("ann")
        eventually(lambda: self.ask(server.http, "/api/v1/session", session)[0] == 200)
        status, joined = self.ask(server.http, "/api/v1/team/join", session, {"token": link.split("=")[1]})
        self.assertEqual((status, joined), (200, {"user": "shop", "role": "edit"}))
        self.assertRegex(self.command("team", "list", "shop").splitlines()[1], r"^ann\tedit\tsince \S+Z\tann@example\.org$")
        self.assertEqual(self.ask(server.http, "/api/v1/status?user=shop", session)[0], 200)

        # A running server notices within a second.
        self.command("team", "role", "shop", "ann", "view")
        eventually(lambda: self.ask(server.http, "/api/v1/session?user=shop", session)[1]["role"] == "view")
        self.command("team", "remove", "shop", "ann")
        eventually(lambda: self.ask(server.http, "/api/v1/status?user=shop", session)[0] == 403)
        self.assertEqual(self.ask(server.http, "/api/v1/status", session)[0], 200)
        self.assertEqual(self.command("team", "list", "shop").count("\n"), 0)

    def test_it_works_without_a_server_and_says_what_is_wrong(self):
        self.serve().end()
        link = self.command("team", "invite", "local", "--public-url", "https://stats.example.org")
        self.assertRegex(link, r"^https://stats\.example\.org/account#join=[0-9a-f]{64}$")
        invitation = re.search(r"^(i\w+)\tview", self.command("team", "list", "local"), re.MULTILINE)[1]
        self.command("team", "revoke", "local", invitation)
        self.assertNotIn(invitation, self.command("team", "list", "local"))
        here = ["--data-dir", self.data]
        for arguments, code, words in [
            (["list", "nobody"], NO_USER, "there is no user 'nobody'"),
            (["invite", "nobody"], NO_USER, "there is no user 'nobody'"),
            (["revoke", "local", invitation], NO_USER, f"there is no invitation '{invitation}'"),
            (["role", "local", "ann", "edit"], NO_USER, "there is no member 'ann'"),
            (["remove", "local", "ann"], NO_USER, "there is no member 'ann'"),
            (["remove", "local", "local"], DATA, "the owner of a team stays in it"),
            (["role", "local", "local", "view"], DATA, "the owner of a team stays in it"),
        ]:
            with self.subTest(arguments):
                self.assert_failure(self.run_here("team", *arguments, *here), code, words)
        for role in ("owner", "all", ""):
            with self.subTest(role):
                done = self.run_here("team", "invite", "local", "--role", role, *here)
                self.assertEqual(done.returncode, 64, done)
                self.assertIn("view", done.stderr)


if __name__ == "__main__":
    unittest.main()
