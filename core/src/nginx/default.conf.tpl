{{! The nginx.conf of the frontend proxy. It is filled from:
      healthCheck  incomingPath, location (the same for nginx: ^~ and the path, or the modifier that is configured),
                   outgoingPath, outgoingPort; absent unless its endpoint is connected
      endPoints    a list; each item has http or https, and in it serverNames and, when connected, port;
                   https also has letsencryptWwwDir and, where there is a certificate, sslCertPath and sslCertKeyPath;
                   split (name, percent, port, restPort) when a share of its clients goes to a second port;
                   maintenance (page, safe between single quotes; message; retryAfterSecs) when it answers with a page
      served       what this configuration routes, as JSON; absent in the configuration of users' own templates }}
user nginx;
worker_processes auto;
error_log /dev/stderr;
# The longest that a worker of an older configuration stays for its clients.
worker_shutdown_timeout 1h;

events {
    worker_connections 1024;
}

http {
    include mime.types;
    charset utf-8;
    access_log /dev/stdout;
    server_names_hash_bucket_size 128;
    client_max_body_size 0;

    map $http_upgrade $connection_upgrade {
        default upgrade;
        '' close;
    }

    proxy_http_version 1.1;
    proxy_send_timeout 300s;
    proxy_read_timeout 300s;
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
{{#healthCheck}}

    server {
        listen 80 default_server;
        location {{{location}}} {
            proxy_pass http://localhost:{{outgoingPort}}{{{outgoingPath}}};
        }
        location ~ / {
            return 404;
        }
    }
{{/healthCheck}}
{{#endPoints}}
{{#http}}
{{#split}}

    # A client stays on its side: it is told by the first address of X-Forwarded-For, else by its own.
    map $http_x_forwarded_for ${{name}}_client {
        "~^ *(?<{{name}}_first>[^, ]+)" ${{name}}_first;
        default $remote_addr;
    }
    split_clients ${{name}}_client ${{name}} {
        {{percent}}% {{name}}_share;
        * {{name}}_rest;
    }
    upstream {{name}}_share {
        server localhost:{{port}};
    }
    upstream {{name}}_rest {
        server localhost:{{restPort}};
    }
{{/split}}

    server {
        listen 80;
        server_name {{{serverNames}}};
        location / {
            {{#maintenance}}
            types { }
            default_type text/html;
            add_header Retry-After {{retryAfterSecs}} always;
            add_header Cache-Control no-store always;
            return 503 '{{{page}}}';
            {{/maintenance}}
            {{^maintenance}}
            {{#split}}
            proxy_pass http://${{name}};
            proxy_redirect http://localhost:{{port}}/ /;
            proxy_redirect http://localhost:{{restPort}}/ /;
            {{/split}}
            {{^split}}
            {{#port}}
            proxy_pass http://localhost:{{port}};
            {{/port}}
            {{^port}}
            return 503;
            {{/port}}
            {{/split}}
            {{/maintenance}}
        }
    }
{{/http}}
{{#https}}
{{#split}}

    # A client stays on its side: it is told by the first address of X-Forwarded-For, else by its own.
    map $http_x_forwarded_for ${{name}}_client {
        "~^ *(?<{{name}}_first>[^, ]+)" ${{name}}_first;
        default $remote_addr;
    }
    split_clients ${{name}}_client ${{name}} {
        {{percent}}% {{name}}_share;
        * {{name}}_rest;
    }
    upstream {{name}}_share {
        server localhost:{{port}};
    }
    upstream {{name}}_rest {
        server localhost:{{restPort}};
    }
{{/split}}

    server {
        listen 80;
        server_name {{{serverNames}}};
        location /.well-known/acme-challenge {
            default_type text/plain;
            root {{{letsencryptWwwDir}}};
        }
        location / {
            {{#maintenance}}
            types { }
            default_type text/html;
            add_header Retry-After {{retryAfterSecs}} always;
            add_header Cache-Control no-store always;
            return 503 '{{{page}}}';
            {{/maintenance}}
            {{^maintenance}}
            {{#port}}
            return 301 https://$host$request_uri;
            {{/port}}
            {{^port}}
            return 503;
            {{/port}}
            {{/maintenance}}
        }
    }
{{#sslCertPath}}

    server {
        listen 443 ssl;
        server_name {{{serverNames}}};
        ssl_certificate {{{sslCertPath}}};
        ssl_certificate_key {{{sslCertKeyPath}}};
        location / {
            {{#maintenance}}
            types { }
            default_type text/html;
            add_header Retry-After {{retryAfterSecs}} always;
            add_header Cache-Control no-store always;
            return 503 '{{{page}}}';
            {{/maintenance}}
            {{^maintenance}}
            {{#split}}
            proxy_pass http://${{name}};
            proxy_redirect http://localhost:{{port}}/ /;
            proxy_redirect http://localhost:{{restPort}}/ /;
            {{/split}}
            {{^split}}
            {{#port}}
            proxy_pass http://localhost:{{port}};
            {{/port}}
            {{^port}}
            return 503;
            {{/port}}
            {{/split}}
            {{/maintenance}}
        }
    }
{{/sslCertPath}}
{{/https}}
{{/endPoints}}
{{#served}}

    # Answers on this machine alone what is served: the proof that a reload took effect.
    server {
        listen 80;
        server_name served.c2.invalid;
        access_log off;
        default_type application/json;
        if ($remote_addr != 127.0.0.1) {
            return 404;
        }
        return 200 '{{{served}}}';
    }
{{/served}}
}
