"""A browser without a window, and the page in it as a person would use it."""

import base64
import os
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from server import until

SHOTS = os.environ.get("DATTSS_SCREENSHOTS") or os.path.join(tempfile.gettempdir(), "dattss-screenshots")
CHECKS = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "checks.js")).read()


class Page:
    def __init__(self, server, zone):
        self.server = server
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        # Without a sandbox, because root may have none; it only ever opens our own pages.
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                         "--disable-background-networking", "--no-first-run"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.cdp("Emulation.setTimezoneOverride", timezoneId=zone)
        # Violations of the policy that the console might not tell.
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source="""
            window.violations = [];
            document.addEventListener('securitypolicyviolation', event =>
              window.violations.push(event.violatedDirective + ' ' + event.blockedURI));""")
        self.size(1440, 900)

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def size(self, width, height):
        self.width, self.height = width, height
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def theme(self, name):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def sign_in(self):
        """Through the link of the first start, which works once."""
        self.driver.get(self.server.sign_in)
        return self

    def open(self, path="/"):
        # Another # alone would not load the page anew.
        self.driver.get("about:blank")
        self.driver.get(self.server.url + path)
        return self

    def dashboard(self):
        """Waits until the dashboard is there."""
        until(lambda: self.js("return document.body.classList.contains('started')"), 30, lambda: f"the dashboard, not {self.shown()}")
        return self

    def shown(self):
        """Where the browser is and what it shows, for whoever reads why a test has failed."""
        text = self.js("return document.body.innerText").replace("\n", " | ")
        return f"{self.driver.current_url}: {text[:400]!r}; console: {self.driver.get_log('browser')[-5:]}"

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector, seconds=10):
        return until(lambda: next(iter(self.all(selector)), None), seconds, selector)

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def until_text(self, selector, expected, seconds=30):
        return until(lambda: expected in self.text(selector), seconds, f"{selector} says {expected!r}, not {self.text(selector)!r}")

    def press(self, *keys, on=None):
        (on or self.driver.switch_to.active_element).send_keys(*keys)

    def mouse(self):
        return ActionChains(self.driver, duration=20)

    # What is on the dashboard

    def rows(self):
        """What each visible row of the list says, by path and kind."""
        return self.js("""
            return Object.fromEntries([...document.querySelectorAll('#tree .row:not([hidden], .group)')].map(row => [row.title, { 
                value: row.querySelector('.value').textContent, average: row.querySelector('.average').textContent,
                classes: row.className.split(' '), spark: row.querySelector('.spark path').getAttribute('d') ?? '' }]));""")

    def row(self, title, seconds=10):
        return until(lambda: self.rows().get(title), seconds, f"a row of {title}")

    def click_row(self, title):
        self.js("""[...document.querySelectorAll('#tree .row')].find(row => row.title === arguments[0]).click()""", title)

    def plots(self):
        """The paths of the plots, when all of them are drawn."""
        state = """return [...document.querySelectorAll('.plot')]
            .map(({ plot }) => plot.data && plot.graph ? '' : plot.message.textContent).join('')"""
        until(lambda: not self.js(state), 120, lambda: f"the plots: {self.js(state)}")
        return self.js("return [...document.querySelectorAll('.plot h3 .path')].map(path => path.textContent)")

    def cards(self):
        return self.js("return [...document.querySelectorAll('.card .path')].map(name => name.title)")

    # What must hold everywhere

    def problems(self):
        """Everything that the browser or our own checks complain about."""
        console = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        return console + self.js("return window.violations ?? []") + self.complaints()

    def complaints(self):
        return self.js(CHECKS + "; return complaints(arguments[0]);", self.width)

    def shoot(self, name):
        os.makedirs(SHOTS, exist_ok=True)
        path = os.path.join(SHOTS, f"{name}.png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.cdp("Page.captureScreenshot", format="png")["data"]))
        return path

    def close(self):
        self.driver.quit()


__all__ = ["Keys", "Page", "SHOTS", "time", "until"]
