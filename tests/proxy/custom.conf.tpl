user nginx;
worker_processes auto;
error_log /dev/stderr;

events {
    worker_connections 1024;
}

http {
    include /etc/nginx/mime.types;
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
}
