{{! The nginx.conf of the frontend proxy. It is filled from:
      healthCheck  incomingPath, outgoingPath, outgoingPort; absent unless its endpoint is connected
      endPoints    a list; each item has http or https, and in it serverNames and, when connected, port;
                   https also has letsencryptWwwDir and, where there is a certificate, sslCertPath and sslCertKeyPath
      served       what this configuration routes, as JSON; absent in the configuration of users' own templates }}
user nginx;
worker_processes auto;
error_log /dev/stderr;

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
        location ^~ {{{incomingPath}}} {
            proxy_pass http://localhost:{{outgoingPort}}{{{outgoingPath}}};
        }
        location ~ / {
            return 404;
        }
    }
{{/healthCheck}}
{{#endPoints}}
{{#http}}

    server {
        listen 80;
        server_name {{{serverNames}}};
        location / {
            {{#port}}
            proxy_pass http://localhost:{{port}};
            {{/port}}
            {{^port}}
            return 503;
            {{/port}}
        }
    }
{{/http}}
{{#https}}

    server {
        listen 80;
        server_name {{{serverNames}}};
        location /.well-known/acme-challenge {
            default_type text/plain;
            root {{{letsencryptWwwDir}}};
        }
        location / {
            {{#port}}
            return 301 https://$host$request_uri;
            {{/port}}
            {{^port}}
            return 503;
            {{/port}}
        }
    }
{{#sslCertPath}}

    server {
        listen 443 ssl;
        server_name {{{serverNames}}};
        ssl_certificate {{{sslCertPath}}};
        ssl_certificate_key {{{sslCertKeyPath}}};
        location / {
            {{#port}}
            proxy_pass http://localhost:{{port}};
            {{/port}}
            {{^port}}
            return 503;
            {{/port}}
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
