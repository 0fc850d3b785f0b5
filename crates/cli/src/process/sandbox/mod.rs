//! `--sandbox`: restricts the process by the kernel, irrevocably. Landlock restricts files, and signals and abstract
//! Unix sockets if the kernel can. A filter of system calls restricts what Landlock does not cover.
//!
//! # Why
//!
//! The sandbox is entered before there is a second thread, because Landlock applies to threads. It names directories
//! and not files, because files are replaced by others of the same name. It allows the libraries too: a process that
//! takes over starts inside the sandbox. It does not enter another one, as the kernel allows sixteen.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod seccomp;

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, LandlockStatus, NetPort,
    Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, Scope, path_beneath_rules,
};
use mailchute::listen::Endpoint;

use crate::failure::Failure;
use crate::options::args::Options;
use crate::options::domain_options::DomainOptions;
use crate::options::listen_at::ListenAddress;
use crate::process::outgoing::Outgoing;

/// Directories of the loader and its libraries: a process that takes over starts inside the sandbox.
const LIBRARIES: [&str; 6] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store"];

/// Files that the loader and the C library read.
const READ: [&str; 8] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/group",
    "/dev/null",
    "/dev/urandom",
    "/proc",
];

/// Files that are read where names of hosts are looked up.
const RESOLVER: [&str; 4] = ["/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf"];

/// Directories of the certificates of authorities, which a reload reads again.
const AUTHORITIES: [&str; 5] = [
    "/etc/ssl",
    "/etc/pki",
    "/usr/lib/ssl",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
];

/// Restricts this thread, and all threads that it starts. They can write to the store and the directories of Unix
/// sockets, and read the directories of files that flags name. Call it before there is another thread, and after the
/// store exists.
pub(crate) fn enter(options: &Options, store: Vec<PathBuf>, outgoing: &Outgoing) -> Result<(), Failure> {
    let (written, read) = reach(options, store)?;
    let status = restrict(written, read, outgoing).map_err(|error| {
        Failure::unusable(format!(
            "--sandbox: this kernel does not support it ({error}); use Linux 5.19 or later with Landlock enabled \
             (lsm=landlock), or leave the flag out"
        ))
    })?;
    tracing::info!(name: "sandboxed", "from here on only the store, the state and the directories of Unix sockets can be written to");
    if !matches!(status, LandlockStatus::Available { effective_abi, .. } if effective_abi >= ABI::V6) {
        tracing::warn!(
            name: "sandbox-incomplete",
            "signals to processes of the same user, and abstract Unix sockets, stay in reach of the sandbox; to keep them \
             out takes Linux 6.12"
        );
    }
    Ok(())
}

/// Blocks what no server needs once its sockets are open and root is given up: outgoing connections, sockets other than
/// TCP and Unix ones, and changes to the host.
pub(crate) fn close(outgoing: &Outgoing) -> Result<(), Failure> {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    {
        seccomp::refuse(outgoing.connects, outgoing.sends_datagrams)?;
        let text = if outgoing.connects {
            "from here on connections can be made to the servers of stores, recipients and filters only"
        } else {
            "from here on no connection can be made"
        };
        tracing::info!(name: "system-calls-filtered", "{text}");
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = outgoing;
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    tracing::warn!(
        name: "sandbox-incomplete",
        "on this architecture the sandbox bounds files and TCP only, and filters no system calls"
    );
    Ok(())
}

/// Whether anything would be out of reach.
///
/// # Errors
/// If an option would leave the whole host in reach.
pub(crate) fn check(options: &Options, store: Vec<PathBuf>) -> Result<(), Failure> {
    reach(options, store).map(drop)
}

/// Returns the directories to write to, and the directories to only read.
fn reach(options: &Options, store: Vec<PathBuf>) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Failure> {
    let (written, read) = (written(options, store), directories_of(files(options)));
    if let Some(directory) = written.iter().chain(&read).find(|directory| is_root_directory(directory)) {
        return Err(Failure::usage(format!(
            "{}: access to {} would leave the whole host in reach; put the store, each Unix socket and each file in \
             a directory below /",
            options.provenance.name("sandbox"),
            directory.display()
        )));
    }
    Ok((written, read))
}

fn restrict(
    written: Vec<PathBuf>,
    to_read: Vec<PathBuf>,
    outgoing: &Outgoing,
) -> Result<LandlockStatus, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = AccessFs::from_all(ABI::V5)
        & !(AccessFs::Execute | AccessFs::MakeBlock | AccessFs::MakeChar | AccessFs::IoctlDev);
    let mut rules = Ruleset::default()
        // A rename from tmp/ to new/ needs the second version of Landlock. Later versions are used if the kernel has
        // them.
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V2))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))?
        .handle_access(AccessNet::ConnectTcp)?
        .scope(Scope::from_all(ABI::V6))?
        .create()?;
    let mut allow = |paths: Vec<PathBuf>, access: BitFlags<AccessFs>| -> Result<(), RulesetError> {
        (&mut rules).add_rules(path_beneath_rules(paths, access)).map(drop)
    };
    allow(written, write)?;
    allow(to_read, read)?;
    allow(READ.map(PathBuf::from).to_vec(), read)?;
    allow(LIBRARIES.map(PathBuf::from).to_vec(), read | AccessFs::Execute)?;
    allow(programs(), read | AccessFs::Execute)?;
    if outgoing.looks_up {
        allow(RESOLVER.map(PathBuf::from).into_iter().chain(servers_directory()).collect(), read)?;
    }
    if outgoing.verifies {
        allow(AUTHORITIES.map(PathBuf::from).to_vec(), read)?;
        allow(named_authorities(), read)?;
    }
    let port = |port: &u16| Ok::<_, RulesetError>(NetPort::new(*port, AccessNet::ConnectTcp));
    Ok(rules.add_rules(outgoing.ports.iter().map(port))?.restrict_self()?.landlock)
}

/// The store, and the directories in which Unix sockets are created and removed.
fn written(options: &Options, store: Vec<PathBuf>) -> Vec<PathBuf> {
    let of_tables = options.listener.iter().flat_map(|listener| &listener.address);
    let places = options.listen.iter().chain(&options.lmtp).chain(of_tables);
    let sockets = places.filter_map(|place| match place {
        ListenAddress::Own(Endpoint::Unix(path)) => Some(directory_of(path)),
        _ => None,
    });
    store.into_iter().chain(sockets).collect()
}

/// The files that are reloaded at SIGHUP.
fn files(options: &Options) -> Vec<PathBuf> {
    let several = options.tls_cert.iter().chain(&options.tls_key);
    let of_domains = options.domains.iter().flat_map(DomainOptions::files);
    let single =
        several.chain(&options.tls_client_ca).chain(&options.auth_file).chain(&options.web.console_auth);
    let single = single.chain(&options.config);
    single.cloned().chain(of_domains).collect()
}

/// The directory of the file that `/etc/resolv.conf` links to, as systemd-resolved replaces that file. `/etc` itself is not
/// allowed for it.
fn servers_directory() -> Option<PathBuf> {
    let file = Path::new("/etc/resolv.conf").canonicalize().ok()?;
    file.parent()
        .filter(|directory| *directory != "/etc" && !is_root_directory(directory))
        .map(Path::to_owned)
}

/// The certificates of authorities that the environment names, as OpenSSL knows it.
fn named_authorities() -> Vec<PathBuf> {
    let file = env::var_os("SSL_CERT_FILE").into_iter().map(PathBuf::from).collect();
    let directories = env::var_os("SSL_CERT_DIR").into_iter().map(PathBuf::from);
    let allowed = directories_of(file).into_iter().chain(directories);
    allowed.filter(|directory| !is_root_directory(directory)).collect()
}

/// The directories of this program, at its start and now. If one of them is `/`, the program itself, which then cannot
/// be replaced while it runs.
fn programs() -> Vec<PathBuf> {
    // A name without a directory was found through PATH, and says nothing.
    let started =
        env::args_os().next().map(PathBuf::from).filter(|path| path.parent() != Some(Path::new("")));
    let programs: Vec<_> = started.into_iter().chain(env::current_exe()).collect();
    let mut allowed = directories_of(programs.clone());
    if allowed.iter().any(|directory| is_root_directory(directory)) {
        allowed.retain(|directory| !is_root_directory(directory));
        allowed.extend(programs);
    }
    allowed
}

fn is_root_directory(path: &Path) -> bool {
    path.canonicalize().is_ok_and(|path| path == Path::new("/"))
}

/// Directories, because files are replaced by others of the same name. For a link, its target's directory too.
fn directories_of(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let led_to: Vec<_> = paths.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let directories: BTreeSet<_> = paths.iter().chain(&led_to).map(|path| directory_of(path)).collect();
    directories.into_iter().collect()
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(directory) if directory != Path::new("") => directory.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod tests;
