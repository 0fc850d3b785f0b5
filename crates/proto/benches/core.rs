//! The duration of the conversation: `cargo bench -p mailchute-proto --bench core`.

#![allow(missing_docs, reason = "a benchmark has no users")]

mod scenario;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use mailchute_proto::Reply;
use mailchute_proto::catalog;
use scenario::{NAMES, Scenario};

fn main() {
    divan::main();
}

#[divan::bench(args = NAMES)]
fn conversation(bencher: Bencher<'_, '_>, name: &str) {
    let mut scenario = Scenario::named(name).expect("the names are those of the scenarios");
    let bytes = scenario.bytes();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| scenario.run());
}

#[divan::bench]
fn reply_of_the_catalogue(bencher: Bencher<'_, '_>) {
    encode(bencher, &catalog::RECIPIENT_OK);
}

#[divan::bench]
fn reply_of_a_hook_in_many_lines(bencher: Bencher<'_, '_>) {
    let text = "Your message was refused for what stands in it.\nAsk postmaster@example.com why – in any language.\n";
    encode(bencher, &Reply::new(554, (5, 7, 1), text.repeat(8)));
}

fn encode(bencher: Bencher<'_, '_>, reply: &Reply) {
    let mut output = Vec::new();
    reply.encode(&mut output);
    bencher.counter(BytesCount::new(output.len())).bench_local(|| {
        output.clear();
        black_box(reply).encode(&mut output);
        black_box(output.len())
    });
}
