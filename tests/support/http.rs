//! `git http-backend` behind a web server that knows no more HTTP than git's client speaks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::Sandbox;
use super::sandbox::run;

/// A server for as long as it lives.
pub struct HttpServer {
    port: u16,
    ends: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

/// What the backend is started with, in the words of CGI.
struct Cgi {
    root: std::ffi::OsString,
    environment: Vec<(String, std::ffi::OsString)>,
}

impl HttpServer {
    /// Serves everything in the sandbox, to a user who is taken to be known.
    pub fn start(sandbox: &Sandbox) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ends = Arc::new(AtomicBool::new(false));
        let template = sandbox.command("git");
        let cgi = Cgi {
            root: sandbox.folder().into(),
            environment: template
                .get_envs()
                .filter_map(|(key, value)| Some((key.to_str()?.to_owned(), value?.to_owned())))
                .collect(),
        };
        let ended = ends.clone();
        let serving = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                // One request a connection: a client that goes away is its own affair.
                drop(stream.and_then(|stream| serve(stream, &cgi)));
            }
        });
        Self {
            port,
            ends,
            serving: Some(serving),
        }
    }

    /// Where a repository of the sandbox is.
    pub fn url(&self, repository: &str) -> String {
        format!("http://127.0.0.1:{}/{repository}", self.port)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it ends.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        drop(self.serving.take().map(JoinHandle::join));
    }
}

fn serve(stream: TcpStream, cgi: &Cgi) -> std::io::Result<()> {
    let mut input = BufReader::new(stream);
    let first = line(&mut input)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut command = std::process::Command::new("git");
    command.arg("http-backend").env_clear();
    command.envs(cgi.environment.iter().map(|(key, value)| (key, value)));
    command
        .env("GIT_PROJECT_ROOT", &cgi.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "pusher")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query);
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = line(&mut input)?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "transfer-encoding" => chunked = value == "chunked",
            "content-type" => drop(command.env("CONTENT_TYPE", value)),
            "content-encoding" => drop(command.env("HTTP_CONTENT_ENCODING", value)),
            "git-protocol" => drop(command.env("HTTP_GIT_PROTOCOL", value)),
            "expect" => input
                .get_mut()
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?,
            _ => {}
        }
    }
    let body = if chunked {
        chunks(&mut input)?
    } else {
        let mut body = vec![0; length];
        input.read_exact(&mut body)?;
        body
    };
    command.env("CONTENT_LENGTH", body.len().to_string());
    let answer = run(&mut command, &body).stdout;
    input.get_mut().write_all(&response(&answer))
}

/// The backend's answer as a whole response; its `Status:` header is the response's first line.
fn response(answer: &[u8]) -> Vec<u8> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = answer.split_at(end.map_or(answer.len(), |at| at + 2));
    let head = String::from_utf8_lossy(head);
    let status = head.lines().find_map(|line| line.strip_prefix("Status: "));
    let mut out = format!("HTTP/1.1 {}\r\n", status.unwrap_or("200 OK"));
    for header in head.lines().filter(|line| !line.starts_with("Status: ")) {
        out.extend([header, "\r\n"]);
    }
    out.push_str("Connection: close\r\n");
    [out.as_bytes(), body].concat()
}

fn line(input: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn chunks(input: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(&line(input)?, 16).unwrap_or(0);
        let mut chunk = vec![0; size];
        input.read_exact(&mut chunk)?;
        body.extend(chunk);
        line(input)?;
        if size == 0 {
            return Ok(body);
        }
    }
}
