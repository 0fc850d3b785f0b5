//! `/live` and `/ready`.

use mailchute::{Server, testing};
use mailchute_console::Console;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn live_answers_while_the_server_runs() {
    let server = Server::builder().store(testing::Inbox::new()).build().unwrap();
    let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = http.local_addr().unwrap();
    let console = Console::builder(&server).build();
    let serving = tokio::spawn(async move { console.serve(http, std::future::pending()).await });
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok\n"), "{answer}");
    serving.abort();
}
