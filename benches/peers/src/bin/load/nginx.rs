//! nginx with `limit_req` and `proxy_cache`, set up for speed: no logs, connections kept on both sides, descriptors of cached
//! files kept open, nothing that passes through written to a disk.
//!
//! Left as they are by default: `tcp_nopush`, with which large answers wait for 40 ms over loopback, and `proxy_cache_lock`, which
//! lets requests for what cannot be stored pass one by one.

use std::process::Command;

use crate::process::{Server, WORKERS};

pub(crate) fn start(upstream: u16) -> Server {
    Server::start("nginx", |port, folder| {
        folder.write("nginx.conf", &configuration(port, upstream));
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder.path()).args(["-c", "nginx.conf", "-e", "stderr"]);
        command
    })
}

fn configuration(port: u16, upstream: u16) -> String {
    format!(
        r#"
# Its workers read and write the folder of whoever started it.
user root;
daemon off;
worker_processes {WORKERS};
pid nginx.pid;
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;

    sendfile on;
    keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=1h;

    # So high that it counts and never cuts.
    limit_req_zone $binary_remote_addr zone=peers:10m rate=1000000r/s;
    proxy_cache_path cache levels=1:2 keys_zone=pages:16m max_size=256m inactive=1h use_temp_path=off;

    upstream service {{
        server 127.0.0.1:{upstream};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=1024 reuseport;
        limit_req zone=peers burst=1000000 nodelay;
        location / {{
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_buffer_size 16k;
            proxy_buffers 16 16k;
            proxy_busy_buffers_size 64k;
            proxy_max_temp_file_size 0;
            proxy_cache pages;
        }}
    }}
}}
"#
    )
}
