"""Cases: no credentials and no password of a service show up anywhere but where they are meant to be.

Each run is a scenario; a case puts secrets where c2 finds them and lets c2 succeed and fail with them.
"""

import json

from machine import cases_of, equal
from sentinels import WatchedMachine
from stand_in import StandIn, quoting

# What S3 may say to a request, whatever is wrong with it.
REFUSALS = [(403, "SignatureDoesNotMatch"), (403, "AccessDenied"), (400, "ExpiredToken"), (500, "InternalError")]


def keys_in_the_environment_stay_there(_):
    with StandIn() as aws, WatchedMachine(aws.endpoint) as machine:
        machine.has_keys()
        machine.deploys_from(aws)
        machine.run("list-releases")
        machine.run("fetch-context")
        machine.run("start", "app.zip", "--dry-run")
        machine.run("start", "app.zip")
        machine.run("status", "--json-output")
        machine.run("start", "absent.zip", exit_code=1)
        machine.run("show-log")
        machine.run("check-config")
        machine.run("stop", "app")
        for status, code in REFUSALS:
            aws.fault = quoting(status, code, *machine.sentinels.values.values())
            machine.run("list-releases", exit_code=1, environment={"AWS_MAX_ATTEMPTS": "1"})
        machine.run("start", "app.zip", exit_code=1)
        unreachable = {"AWS_ENDPOINT_URL": "http://no-such-host.invalid", "AWS_MAX_ATTEMPTS": "1"}
        machine.run("fetch-context", exit_code=1, environment=unreachable)
        machine.run("list-releases", exit_code=1, environment={"AWS_ACCESS_KEY_ID": None})


def a_secret_in_the_place_of_another_setting_is_not_quoted(_):
    with WatchedMachine("http://127.0.0.1:9") as machine:
        machine.has_keys()
        machine.configure(releases={"s3": "s3://bucket/releases"})
        password = machine.new("password")
        for variable in ("AWS_ENDPOINT_URL", "S3_ENDPOINT"):
            environment = {variable: f"http://user:{password}@127.0.0.1:9"}
            machine.run("list-releases", exit_code=1, environment=environment)


def keys_in_the_credentials_file_stay_there(_):
    with StandIn() as aws, WatchedMachine(aws.endpoint) as machine:
        secret, token = machine.new("secret"), machine.new("token")
        machine.deploys_from(aws)
        lines = f"aws_access_key_id = AKID\naws_secret_access_key = {secret}\naws_session_token = {token}\n"
        machine.environment["AWS_SHARED_CREDENTIALS_FILE"] = str(machine.given("keys", f"[default]\n{lines}"))
        machine.run("fetch-context")
        machine.run("start", "app.zip")
        aws.fault = quoting(403, "SignatureDoesNotMatch", secret, token)
        machine.run("fetch-context", exit_code=1)
        for spoiled in (lines, f"[default\n{lines}", f"[default]\n{secret}\n{lines}", f"[default]\n  {lines}"):
            machine.given("keys", spoiled)
            machine.run("list-releases", exit_code=1)
        machine.given("keys", f"[default]\naws_secret_access_key = {secret}\n")
        machine.run("list-releases", exit_code=1)


def what_a_credential_process_prints_stays_with_c2(_):
    with StandIn() as aws, WatchedMachine(aws.endpoint) as machine:
        secret, token, argument = (machine.new(name) for name in ("secret", "token", "argument"))
        machine.deploys_from(aws)
        printed = {"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": secret, "SessionToken": token}
        file = machine.given("printed", json.dumps(printed))
        # Its arguments are its author's.
        config = f"[default]\ncredential_process = sh -c 'cat {file}; echo {secret} >&2; exit $1' sh 0 {argument}\n"
        machine.environment["AWS_CONFIG_FILE"] = str(machine.given("config", config))
        machine.run("fetch-context", meant=["arguments"])
        aws.fault = quoting(403, "InvalidAccessKeyId", secret, token)
        machine.run("fetch-context", exit_code=1, meant=["arguments"])
        for spoiled in ({"Version": secret}, {"Expiration": secret}, secret):
            text = spoiled if spoiled == secret else json.dumps({**printed, **spoiled})
            machine.given("printed", text)
            machine.run("fetch-context", exit_code=1, meant=["arguments"])
        machine.given("config", config.replace("sh 0", "sh 7"))
        machine.run("fetch-context", exit_code=1, meant=["arguments"])


def a_web_identity_token_goes_to_sts_alone(_):
    with StandIn() as aws, WatchedMachine(aws.endpoint) as machine:
        token = machine.new("identity token")
        aws.keys = {"AccessKeyId": "AKID", "SecretAccessKey": machine.new("secret"), "Token": machine.new("token")}
        machine.deploys_from(aws)
        machine.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(machine.given("token", token))
        machine.environment["AWS_ROLE_ARN"] = "arn:aws:iam::123456789012:role/r"
        machine.run("fetch-context")
        aws.fault = quoting(403, "AccessDenied", token, *aws.keys.values())
        machine.run("fetch-context", exit_code=1)
        aws.fault = lambda request: (200, json.dumps(aws.keys) + request.body)
        machine.run("fetch-context", exit_code=1)


def a_containers_token_goes_to_its_agent_alone(_):
    with StandIn() as aws, WatchedMachine(aws.endpoint) as machine:
        token, password = machine.new("authorization token"), machine.new("password")
        aws.keys = {"AccessKeyId": "AKID", "SecretAccessKey": machine.new("secret"), "Token": machine.new("token")}
        aws.container_token = token
        machine.deploys_from(aws)
        machine.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"{aws.endpoint}/container"
        for variable, value in {
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(machine.given("token", token)),
        }.items():
            aws.fault = lambda request: None
            machine.run("fetch-context", environment={variable: value})
            answer = json.dumps({"Code": "Denied", "Message": f"not with {token}"})
            for said in (answer, token, json.dumps({**aws.keys, "Expiration": token})):
                aws.fault = lambda request, said=said: (403 if said == answer else 200, said)
                machine.run("fetch-context", exit_code=1, environment={variable: value})
        for url in (f"https://user:{password}@127.0.0.1:9/container", f"http://user:{password}@127.0.0.1:9/", password):
            machine.run("fetch-context", exit_code=1, environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": url})
        endpoint = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://user:{password}@127.0.0.1:9"}
        machine.run("fetch-context", exit_code=1, environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": None, **endpoint})


def the_roles_keys_from_the_metadata_service_stay_with_c2(_):
    with StandIn() as aws, WatchedMachine(aws.endpoint) as machine:
        aws.keys = {"AccessKeyId": "AKID", "SecretAccessKey": machine.new("secret"), "Token": machine.new("token")}
        machine.deploys_from(aws)
        machine.run("start", "app.zip")
        for said in (json.dumps({**aws.keys, "Expiration": "soon"}), str(aws.keys)):
            aws.fault = lambda request, said=said: (200, said) if request.path.endswith("/the-role") else None
            machine.run("fetch-context", exit_code=1)


def a_password_of_ecr_goes_to_dockers_standard_input_alone(_):
    with StandIn() as aws, WatchedMachine(aws.endpoint) as machine:
        machine.has_keys()
        aws.password = machine.new("password")
        machine.program("docker")
        machine.kept.append("calls")
        machine.run("aws-docker-login-cmd")
        equal(machine.calls()[0]["stdin"], aws.password)
        machine.run("aws-docker-login-cmd", "--print", meant=["stdout"])
        machine.run("aws-docker-login-cmd", exit_code=1, environment={"PROGRAM_FAILS": "1"})
        host = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
        machine.run("docker-credential", "get", given=host, meant=["stdout"])
        machine.run("docker-credential", "list", given="")
        machine.run("docker-credential", "get", given="ghcr.io", exit_code=1)
        login = json.dumps({"ServerURL": "ghcr.io", "Username": "x", "Secret": machine.new("login")})
        machine.run("docker-credential", "store", given=login, exit_code=1)
        machine.run("docker-credential", "get", given=login, exit_code=1)
        secret = machine.sentinels.values["secret"]
        aws.fault = quoting(400, "AccessDeniedException", aws.password, secret)
        machine.run("aws-docker-login-cmd", exit_code=1)
        machine.run("docker-credential", "get", given=host, exit_code=1)
        aws.fault = lambda request: (200, json.dumps({"authorizationData": [{"authorizationToken": aws.password}]}))
        machine.run("aws-docker-login-cmd", exit_code=1)


def the_password_of_a_proxy_is_not_shown(_):
    with StandIn() as proxy, WatchedMachine("https://s3.example.com") as machine:
        machine.has_keys()
        machine.configure(releases={"s3": "s3://bucket/releases"})
        password = machine.new("password", odd="-_")
        proxy.fault = quoting(407, "ProxyAuthenticationRequired", password)
        for url in (
            f"http://user:{password}@{proxy.address}",
            f"http://user:{password}@127.0.0.1:9",
            f"http://user:{password}@no-such-proxy.invalid:9",
            f"socks5://user:{password}@127.0.0.1:9",
            f"gopher://user:{password}@127.0.0.1:9",
            f"http://user:{password}@:port",
        ):
            machine.run("list-releases", exit_code=1, environment={"HTTPS_PROXY": url, "AWS_MAX_ATTEMPTS": "1"})
        equal(len(proxy.requests) > 0, True)


def a_challenge_of_certbot_goes_to_route_53_alone(cloud):
    with StandIn() as aws, WatchedMachine(aws.endpoint) as machine:
        machine.has_keys()
        config = {"certbotPath": "certbot", "awsHostedZoneId": "Z1", "basedir": str(machine.root / "le")}
        config.update({"email": "a@example.com", "domains": ["example.com"]})
        machine.environment["HX_LETSENCRYPT_CONFIG"] = str(machine.given("le.json", json.dumps(config)))
        machine.environment["CERTBOT_DOMAIN"] = "example.com"
        machine.environment["CERTBOT_VALIDATION"] = machine.new("challenge", odd="-_")
        aws.fault = quoting(403, "AccessDenied", *machine.sentinels.values.values())
        machine.run("le-auth-hook", exit_code=1)
        machine.run("le-cleanup-hook", exit_code=1)
        zone = cloud.client("route53").create_hosted_zone(Name="secrecy.example.com", CallerReference="secrecy")
        environment = {"AWS_ENDPOINT_URL": cloud.endpoint, "CERTBOT_DOMAIN": "secrecy.example.com"}
        config["awsHostedZoneId"] = zone["HostedZone"]["Id"]
        machine.given("le.json", json.dumps(config))
        equal(machine.run("le-auth-hook", environment=environment), ("", ""))
        equal(machine.run("le-cleanup-hook", environment=environment), ("", ""))


CASES = cases_of(__name__)
