//! Messages with many recipients.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Users;
use crate::common::{begin, client, files};

#[tokio::test]
async fn a_message_to_hundreds_of_users_needs_few_open_files() {
    let users = Users::open();
    let mut client = client(&users.server, 1).await;
    let addresses: Vec<_> = (0..300).map(|number| format!("user{number}@example.com")).collect();
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    begin(&mut client, &addresses).await;
    let root = users.root.path().to_owned();
    let is_over = Arc::new(AtomicBool::new(false));
    let most = {
        let is_over = Arc::clone(&is_over);
        std::thread::spawn(move || {
            let mut most = 0;
            while !is_over.load(Ordering::Relaxed) {
                let open =
                    files(Path::new("/proc/self/fd")).into_iter().filter_map(|file| fs::read_link(file).ok());
                most = most.max(open.filter(|path| path.starts_with(&root)).count());
            }
            most
        })
    };
    let content = format!("{}\r\n", "x".repeat(998)).repeat(300);
    client.send_bytes(format!("Subject: x\r\n\r\n{content}").as_bytes()).await;
    let answer = client.command(".").await;
    is_over.store(true, Ordering::Relaxed);
    let most = most.join().unwrap();
    answer.expect(250);
    assert_eq!(users.all_files().len(), 300);
    assert!((1..30).contains(&most), "{most}");
}
