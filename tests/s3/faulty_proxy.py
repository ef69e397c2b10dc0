"""A proxy before an S3 server that spoils chosen answers: a server that lies, stumbles or hangs up, made from a real one.

The Host header goes through as the client sent it, so signatures still hold.
"""

import http.client
import http.server
import ssl
import threading
import urllib.parse


class Answer:
    """An upstream answer that a fault may change before it is sent; `hang_up_after` bytes of the body, if set."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body
        self.hang_up_after = None

    def become_error(self, status, code):
        """Becomes an S3 error with the request id REQUEST77."""
        self.status = status
        self.headers = [("Content-Type", "application/xml"), ("x-amz-request-id", "REQUEST77")]
        self.body = (
            f"<Error><Code>{code}</Code><Message>because</Message><RequestId>REQUEST77</RequestId></Error>".encode()
        )


class FaultyProxy:
    """In a `with`, forwards to `upstream` and calls `fault(number, request, answer)`, numbers counting from 1.

    The fault changes the answer in place. `requests` holds the handlers of all requests seen (path, headers).
    `certificate` is a (certificate, key) pair of paths for TLS, whose context is `tls`.
    """

    def __init__(self, upstream, fault=lambda number, request, answer: None, certificate=None):
        self.requests = []
        netloc = urllib.parse.urlsplit(upstream).netloc
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                proxy.requests.append(self)
                number = len(proxy.requests)
                answer = forward(netloc, self)
                fault(number, self, answer)
                send(self, answer)

            do_HEAD = do_PUT = do_GET

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        scheme = "http"
        if certificate:
            scheme = "https"
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
            self._server.socket = self.tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._server.handle_error = lambda *_: None  # a client that refuses the certificate
        self.endpoint = f"{scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def forward(netloc, request):
    connection = http.client.HTTPConnection(netloc, timeout=30)
    try:
        connection.putrequest(request.command, request.path, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.items():
            if name.lower() not in ("connection", "keep-alive"):
                connection.putheader(name, value)
        connection.endheaders(request.rfile.read(int(request.headers.get("Content-Length", 0))) or None)
        response = connection.getresponse()
        headers = [(n, v) for n, v in response.getheaders() if n.lower() not in ("connection", "transfer-encoding")]
        return Answer(response.status, headers, response.read())
    finally:
        connection.close()


def send(request, answer):
    request.send_response_only(answer.status)
    for name, value in answer.headers:
        if name.lower() != "content-length" or request.command == "HEAD":
            request.send_header(name, value)
    if request.command != "HEAD":
        request.send_header("Content-Length", str(len(answer.body)))
    if answer.hang_up_after == 0:
        request._headers_buffer = []  # not even a status line
        request.close_connection = True
        return
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(answer.body[: answer.hang_up_after])
    if answer.hang_up_after is not None:
        request.close_connection = True
