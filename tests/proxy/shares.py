"""What an endpoint does beside being connected: a share of it goes to a second deploy, a page stands in for it."""

import collections
import html
import http.client
import json

from host import MAIN, Host, answers, serve_a
from load import KeptAlive, Load, ask
from machine import cases_of, contains, equal, until

CLIENTS = 600


def of_client(number):
    """What the client of this address is answered, as a load balancer would name it."""
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=20)
    try:
        address = f"10.{number // 250}.{number % 250}.7"
        headers = {"Host": MAIN, "Connection": "close", "X-Forwarded-For": f"{address}, 192.0.2.1"}
        connection.request("GET", "/", headers=headers)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def page(host=MAIN, path="/"):
    """The status, the headers and the text of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=20)
    try:
        connection.request("GET", path, headers={"Host": host, "Connection": "close"})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def a_share_of_the_clients_goes_to_the_second_deploy_and_each_stays_on_its_side():
    with Host() as machine:
        serve_a(machine)
        with Load(MAIN) as load:
            machine.run("split", "main", "b", "--percent", "30")
            until(lambda: "two" in {of_client(number) for number in range(50)}, "some clients are with b")
            sides = [of_client(number) for number in range(CLIENTS)]
            equal([of_client(number) for number in range(CLIENTS)], sides)
            counts = collections.Counter(sides)
            equal(set(counts), {"one", "two"})
            share = counts["two"] * 100 / CLIENTS
            if not 20 <= share <= 40:
                raise AssertionError(f"{share} % of {CLIENTS} clients are on the second side, 30 were asked for")
            contains(machine.run("stop", "b", exit_code=1)[1], "main")
            contains(machine.run("status")[0], "30")
            machine.run("connect", "main", "b")
            until(lambda: {of_client(number) for number in range(50)} == {"two"}, "all clients are with b")
            machine.run("stop", "a")
        equal(load.failures(), {})
        print(f"       {share:.0f} % of {CLIENTS} clients, {load.total()} requests, 0 failed")


def shows_page(path="/"):
    # The workers of before may answer for an instant more.
    until(lambda: page(path=path)[0] == 503, "the page is shown")


def a_page_stands_in_for_an_endpoint_until_it_is_taken_off():
    with Host() as machine:
        serve_a(machine)
        machine.run("maintenance", "main", "--message", "back <soon> & 'well'")
        shows_page()
        status, headers, text = page(path="/style.css")
        equal((status, headers["Content-Type"].split(";")[0]), (503, "text/html"))
        equal(int(headers["Retry-After"]) > 0, True)
        contains(html.unescape(text), "<p>back <soon> & 'well'</p>")
        equal("<soon>" in text, False)
        # What is behind the page changes unseen, and the machine stays healthy.
        machine.run("connect", "main", "b")
        shows_page()
        until(lambda: ask("localhost", "/health-check") == (200, "two"), "the health check goes to b")
        equal(list(json.loads(machine.run("status", "--json-output")[0])["master"]["maintenance"]), ["main"])
        machine.run("restart-frontend-proxy")
        shows_page()
        machine.run("maintenance", "main", "--off")
        answers(MAIN, "two")


def connections_that_are_kept_outlive_the_page():
    with Host() as machine:
        serve_a(machine)
        with KeptAlive(MAIN) as load:
            for _ in range(3):
                machine.run("maintenance", "main")
                machine.run("maintenance", "main", "--off")
                answers(MAIN, "one")
        equal({outcome for outcome in load.failures() if outcome[0] != 503}, set())
        print(f"       {load.total()} requests on connections kept alive, answered or told by the page")


LONG = []
CASES = [case for case in cases_of(__name__) if case not in (of_client, page, shows_page)]
