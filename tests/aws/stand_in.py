"""A server that stands in for S3, Secrets Manager, ECR, STS and the two metadata services, and does what a case tells it.

It checks no signature, but it knows what time it is: a request signed at another time than its own is refused, as AWS
does. It may be asked to quote in its errors all that it was sent, which no server should do.
"""

import base64
import calendar
import email.utils
import http.server
import json
import threading
import time
import urllib.parse

# How far apart the clocks may be. Source: the S3 error code RequestTimeTooSkewed.
TOLERANCE_S = 15 * 60


class StandIn:
    """To be used in a `with`; what a case puts into its members takes effect at once.

    `fault(request)` may give an answer, `(status, body)`, in place of the ordinary one. `skewed` counts the requests that
    were refused for their time.
    """

    def __init__(self, ahead_s=0, skew_code="RequestTimeTooSkewed", port=0):
        self.ahead_s = ahead_s
        self.skew_code = skew_code
        self.objects = {}
        self.secrets = {}
        self.password = "password"
        self.container_token = None
        self.keys = {"AccessKeyId": "AKIDSTANDIN", "SecretAccessKey": "secret", "Token": "token"}
        self.fault = lambda request: None
        self.requests = []
        self.skewed = 0
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                stand_in.requests.append(self)
                status, body = stand_in.fault(self) or stand_in.answer(self)
                body = body if isinstance(body, bytes) else body.encode()
                self.send_response_only(status)
                self.send_header("Date", email.utils.formatdate(stand_in.now_s(), usegmt=True))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_PUT = do_POST = do_CONNECT = do_GET

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # a client that hung up or was killed
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.endpoint = f"http://{self.address}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def now_s(self):
        return time.time() + self.ahead_s

    def answer(self, request):
        path, _, query = request.path.partition("?")
        if path.startswith("/latest/"):
            return self.metadata(path)
        if path == "/container":
            allowed = request.headers.get("Authorization") == self.container_token
            return (200, self.expiring("Token")) if allowed else (401, '{"code": "Unauthorized", "message": "no"}')
        query = dict(urllib.parse.parse_qsl(query))
        signed = query.get("X-Amz-Date") or request.headers.get("x-amz-date")
        if signed and abs(calendar.timegm(time.strptime(signed, "%Y%m%dT%H%M%SZ")) - self.now_s()) > TOLERANCE_S:
            self.skewed += 1
            return refusal(request, 403, self.skew_code)
        if request.command == "POST":
            return self.operation(request)
        if "list-type" in query:
            keys = "".join(
                f"<Contents><Key>{name.split('/', 2)[2]}</Key><LastModified>2024-01-02T03:04:05Z</LastModified>"
                f"<Size>{len(body)}</Size></Contents>"
                for name, body in self.objects.items()
                if name.split("/", 2)[2].startswith(query.get("prefix", ""))
            )
            return 200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>"
        held = self.objects.get(urllib.parse.unquote(path))
        return (200, held) if held is not None else refusal(request, 404, "NoSuchKey")

    def metadata(self, path):
        if path == "/latest/api/token":
            return 200, "metadatatoken"
        if path.endswith("/security-credentials/"):
            return 200, "the-role"
        return (200, self.expiring("Token")) if path.endswith("/the-role") else (404, "")

    def operation(self, request):
        target = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if target == "GetSecretValue":
            held = self.secrets.get(json.loads(request.body)["SecretId"])
            return (200, json.dumps(held)) if held else refusal(request, 400, "ResourceNotFoundException")
        if target == "GetAuthorizationToken":
            token = base64.b64encode(f"AWS:{self.password}".encode()).decode()
            host = "https://123456789012.dkr.ecr.us-east-1.amazonaws.com"
            return 200, json.dumps({"authorizationData": [{"authorizationToken": token, "proxyEndpoint": host}]})
        members = "".join(f"<{name}>{value}</{name}>" for name, value in self.expiring_keys("SessionToken").items())
        return 200, f"<Response><Result><Credentials>{members}</Credentials></Result></Response>"

    def expiring_keys(self, token):
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now_s() + 6 * 3600))
        keys = {token if name == "Token" else name: value for name, value in self.keys.items()}
        return {**keys, "Expiration": ends}

    def expiring(self, token):
        return json.dumps({"Code": "Success", **self.expiring_keys(token)})


def refusal(request, status, code, message="because"):
    """An error in the form of the service that is asked."""
    if "x-amz-target" in request.headers:
        return status, json.dumps({"__type": code, "message": message})
    message = message.replace("&", "&amp;").replace("<", "&lt;")
    error = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>REQUEST77</RequestId></Error>"
    return status, error


def quoting(status, code, *more):
    """A fault: the service refuses with this code and quotes all that it was sent, and more."""

    def fault(request):
        sent = [request.path, urllib.parse.unquote(request.path), request.body]
        sent += map(": ".join, request.headers.items())
        return refusal(request, status, code, " ".join([*sent, *more]))

    return fault
