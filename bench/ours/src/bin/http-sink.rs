//! A web server that takes every request and forgets it: what stands behind a webhook and an object storage.
//!
//! It understands `Content-Length` only, which is all that stores send. Every answer has what S3 says at the beginning and
//! at the end of an upload in parts.

use std::io;
use std::net::Ipv4Addr;

use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 65\r\n\r\n\
    <Upload><UploadId>1</UploadId><ETag>&quot;1&quot;</ETag></Upload>";

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "write the port to listen on: http-sink PORT")
    })?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream));
    }
}

/// Answers one client until it ends, normally or by an error.
async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = Vec::with_capacity(64 * 1024);
    loop {
        let end = loop {
            if let Some(end) = memmem::find(&input, b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut input).await? == 0 {
                return Ok(());
            }
        };
        let mut left = end + content_length(&input[..end]);
        loop {
            let taken = left.min(input.len());
            input.drain(..taken);
            left -= taken;
            if left == 0 {
                break;
            }
            if stream.read_buf(&mut input).await? == 0 {
                return Ok(());
            }
        }
        stream.write_all(ANSWER).await?;
    }
}

/// The bytes that follow this head.
fn content_length(head: &[u8]) -> usize {
    let mut lines = head.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| {
        let (name, value) = line.split_at_checked(b"content-length:".len())?;
        name.eq_ignore_ascii_case(b"content-length:").then_some(value)
    });
    value.and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok()).unwrap_or(0)
}
