//! The test suite for RFC 7208, release 2014.04, of `suite.json`.
//!
//! The suite comes from `test/rfc7208-tests.yml` of the source package `pyspf` 2.0.14. `LICENSE` is its licence.
//! Three things differ, and no case is left out. It is JSON, without descriptions of the cases. Its records of the
//! type SPF are TXT records, as it asks for where a name has no TXT record. The strings of a record are joined.

use std::net::IpAddr;

use mailchute_filters::spf::{self, Limits, Query};
use serde_json::Value;

use crate::zone::Zone;

/// The cases of the suite.
const CASES: usize = 203;

#[tokio::test(flavor = "current_thread")]
async fn every_case_of_the_suite_passes() {
    let suite: Value = serde_json::from_str(include_str!("suite.json")).unwrap();
    let (mut cases, mut wrong) = (0, Vec::new());
    for scenario in suite.as_array().unwrap() {
        for case in scenario["tests"].as_array().unwrap() {
            cases += 1;
            let zone = zone(&scenario["zone"]);
            if let Err(found) = run(case, &zone).await {
                wrong.push(format!("{}: {}: {found}", scenario["description"], case["name"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases fail:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(cases, CASES);
}

async fn run(case: &Value, zone: &Zone) -> Result<(), String> {
    let text = |key: &str| case[key].as_str().unwrap();
    let query = Query::new(text("host").parse::<IpAddr>().unwrap(), text("helo"), text("mailfrom"));
    let outcome = spf::check(&query, zone, &Limits::default()).await;
    let results = case["results"].as_array().unwrap();
    if !results.contains(&outcome.result.as_str().into()) {
        return Err(format!("{results:?} expected, {outcome:?} found"));
    }
    // The suite calls the explanation of a domain without any `DEFAULT`.
    let explanation = outcome.explanation.as_deref().unwrap_or("DEFAULT");
    match case.get("explanation") {
        Some(expected) if expected != explanation => Err(format!("{expected} expected, {outcome:?} found")),
        _ => Ok(()),
    }
}

/// The names of a scenario. Each character of a record stands for a byte.
fn zone(names: &Value) -> Zone {
    let mut zone = Zone::default();
    for (name, records) in names.as_object().unwrap() {
        let records = records.as_array().unwrap().iter().map(|record| {
            let data = record[1].as_str().unwrap_or_default();
            let data = data.chars().map(|c| u8::try_from(c).unwrap()).collect();
            (record[0].as_str().unwrap().to_owned(), data)
        });
        zone.records.insert(name.to_ascii_lowercase(), records.collect());
    }
    zone
}
