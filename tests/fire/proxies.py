"""nginx in front of a server, as operators put it there."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.server import HOST, free_port, shows_page
from tests.browser.serving import wait_for

CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1; worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; client_max_body_size 32m;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    upstream regapp {{ server {host}:{behind}; keepalive 16; }}
    server {{
        listen {host}:{port};
        location / {{ proxy_pass http://regapp; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
}}
"""
"""Buffers requests as shipped (`proxy_request_buffering on`)."""


@contextmanager
def nginx(behind: int, folder: Path) -> Iterator[int]:
    """Run nginx before the server on the port `behind`; give its own port."""
    port = free_port()
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, host=HOST, behind=behind, port=port))
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program, "nginx is not installed (Debian: apt-get install nginx-light)"
    process = subprocess.Popen(
        [program, "-c", str(file), "-g", "user root;"] if os.geteuid() == 0 else [program, "-c", str(file)]
    )
    try:
        wait_for(lambda: shows_page(port), "nginx")
        yield port
    finally:
        process.terminate()
        process.wait(20)
