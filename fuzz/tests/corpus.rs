//! Runs the inputs that fuzzing has kept, without a fuzzer.

use std::fs;
use std::path::Path;

#[test]
fn every_target_holds_on_its_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in mailchute_fuzz::TARGETS {
        let folder = corpus.join(name);
        let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut count = 0;
        for file in files {
            let path = file.expect("a file").path();
            eprintln!("{}", path.display());
            target(&fs::read(&path).expect("a file that can be read"));
            count += 1;
        }
        assert!(count >= 10, "only {count} files for {name}");
    }
}
