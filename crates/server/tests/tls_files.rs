//! Certificates and keys that cannot be used: the error names the file and the mistake.

use std::path::{Path, PathBuf};

use crate::support::tls::{Identity, identity, make_identity};
use mailchute::tls::{Certificate, TlsConfig};

/// A directory that is removed with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mailchute-tls-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the directory for temporary files can be written to");
        Self(path)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("the directory is there");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The error about these two files.
fn error(certificate: &Path, key: &Path) -> String {
    TlsConfig::from_pem_files(certificate, key).expect_err("they cannot be used").to_string()
}

#[track_caller]
fn assert_says(error: &str, file: &Path, mistake: &str) {
    assert!(
        error.starts_with(&format!("{}: ", file.display())),
        "{error:?} does not name {}",
        file.display()
    );
    assert!(error.contains(mistake), "{error:?} does not say {mistake:?}");
}

#[test]
fn accepts_a_certificate_and_key_after_other_text() {
    let directory = Folder::new("right");
    let Identity { certificate, key, .. } = identity();
    let certificate = directory.file("cert.pem", format!("Issued to us\n{certificate}"));
    let key = directory.file("key.pem", key);
    assert!(TlsConfig::from_pem_files(certificate, key).is_ok());
}

#[test]
fn a_certificate_without_a_name_is_refused_by_its_file() {
    let directory = Folder::new("nameless");
    let Identity { certificate, key, .. } = &Identity::of(&[]);
    let (certificate, key) = (directory.file("cert.pem", certificate), directory.file("key.pem", key));
    let nameless = Certificate::from_pem_files(&certificate, key).expect("it may be the first");
    assert!(nameless.names().is_empty());
    let error = identity().config().add_certificate(nameless).unwrap_err().to_string();
    assert_says(&error, &certificate, "the certificate has no DNS name");
}

#[test]
fn an_error_names_the_role_of_an_empty_or_wrong_pem_text() {
    let identity = identity();
    let (certificate, key) = (identity.certificate.as_bytes(), identity.key.as_bytes());
    for (result, expected) in [
        (
            TlsConfig::from_pem(b"", key),
            "the text given as certificate: holds no certificate: expected -----BEGIN",
        ),
        (
            TlsConfig::from_pem(certificate, b""),
            "the text given as private key: holds no private key: expected",
        ),
        (
            TlsConfig::from_pem(key, key),
            "the text given as certificate: holds a private key but no certificate",
        ),
    ] {
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_file_that_is_missing_or_empty_is_named() {
    let directory = Folder::new("missing");
    let certificate = directory.file("cert.pem", &identity().certificate);
    let key = directory.file("key.pem", &identity().key);
    let empty = directory.file("empty.pem", "");
    let missing = directory.0.join("missing.pem");
    assert_says(&error(&missing, &key), &missing, "cannot be read: No such file");
    assert_says(&error(&certificate, &missing), &missing, "cannot be read: No such file");
    assert_says(&error(&directory.0, &key), &directory.0, "cannot be read");
    assert_says(&error(&empty, &key), &empty, "holds no certificate: expected -----BEGIN CERTIFICATE-----");
    assert_says(
        &error(&certificate, &empty),
        &empty,
        "holds no private key: expected -----BEGIN PRIVATE KEY",
    );
}

#[test]
fn files_that_are_the_wrong_way_round_are_told_as_such() {
    let directory = Folder::new("swapped");
    let certificate = directory.file("cert.pem", &identity().certificate);
    let key = directory.file("key.pem", &identity().key);
    assert_says(&error(&key, &certificate), &key, "the wrong way round?");
    assert_says(&error(&certificate, &certificate), &certificate, "a certificate but no private key");
    assert_says(&error(&key, &key), &key, "a private key but no certificate");
}

#[test]
fn a_key_of_another_certificate_is_told_as_such() {
    let directory = Folder::new("mismatched");
    let certificate = directory.file("cert.pem", &identity().certificate);
    let key = directory.file("key.pem", make_identity().key);
    assert_says(&error(&certificate, &key), &key, "does not belong to the certificate");
}

#[test]
fn an_encrypted_key_is_told_with_the_way_out() {
    let directory = Folder::new("encrypted");
    let certificate = directory.file("cert.pem", &identity().certificate);
    let modern = identity().key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let modern = directory.file("modern.pem", modern);
    assert_says(&error(&certificate, &modern), &modern, "encrypted with a passphrase; write it without one");
}

#[test]
fn garbage_is_told_as_such() {
    let directory = Folder::new("garbage");
    let certificate = directory.file("cert.pem", &identity().certificate);
    let key = directory.file("key.pem", &identity().key);
    let binary = directory.file("binary.pem", [0, 159, 146, 150, 10, 13, 255]);
    let broken =
        directory.file("broken.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    let cut = directory.file("cut.pem", &identity().certificate[..100]);
    let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let no_der = directory.file("no-der.pem", no_der);
    assert_says(&error(&binary, &key), &binary, "holds no certificate");
    assert_says(&error(&certificate, &binary), &binary, "holds no private key");
    assert_says(&error(&broken, &key), &broken, "is not PEM");
    assert_says(&error(&cut, &key), &cut, "is not PEM");
    assert_says(&error(&no_der, &key), &no_der, "cannot be used");
}

#[test]
fn texts_that_are_no_files_are_judged_alike() {
    let Identity { certificate, key, .. } = identity();
    let error = TlsConfig::from_pem(key.as_bytes(), certificate.as_bytes()).unwrap_err().to_string();
    assert!(error.contains(": holds a private key but no certificate"), "{error}");
    let other = make_identity();
    let error = TlsConfig::from_pem(certificate.as_bytes(), other.key.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "the private key does not belong to the certificate");
}

#[test]
fn no_error_prints_anything_of_a_key() {
    let secret = identity().key.lines().nth(1).unwrap().to_owned();
    let broken = format!("-----BEGIN PRIVATE KEY-----\n{secret}!\n-----END PRIVATE KEY-----\n");
    let error = TlsConfig::from_pem(identity().certificate.as_bytes(), broken.as_bytes()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&secret[..16]));
}
