//! Each way out is tried from inside, in a process that runs this test again.

use std::env;
use std::fmt::Debug;
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, IoSliceMut, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::{self, UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

use clap::FromArgMatches as _;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, Timespec, Timestamps, XattrFlags, chmodat, open, setxattr, utimensat,
};
use rustix::net::{AddressFamily, Protocol, SendFlags, SocketType, sendto, socket};
use rustix::process::{
    PidfdFlags, Resource, Rlimit, Signal, getpid, getppid, getrlimit, kill_process, pidfd_open,
    pidfd_send_signal, prlimit, setpriority_process, setrlimit,
};

use super::{Outgoing, close, enter};
use crate::options::args::{Options, flags};

/// The variable that tells the inner process what to try.
const INSIDE: &str = "MAILCHUTE_TEST_INSIDE";

/// Linux 6.12 introduced the scopes of Landlock.
fn has_scopes() -> bool {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    (numbers.next(), numbers.next()) >= (Some(6_u32), Some(12))
}

fn abstract_address(folder: &Path, name: &str) -> net::SocketAddr {
    net::SocketAddr::from_abstract_name(format!("{}/{name}", folder.display())).unwrap()
}

#[test]
fn each_way_out_of_the_sandbox_is_closed() {
    if let Some(folder) = env::var_os(INSIDE) {
        return inside(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = folder.join("outside");
    fs::write(&file, "text").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let before = fs::metadata(&file).unwrap();
    fs::create_dir(folder.join("mail")).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    fs::write(folder.join("mail/address"), tcp.local_addr().unwrap().to_string()).unwrap();
    let unix = UnixListener::bind(folder.join("unix")).unwrap();
    let abstract_stream = UnixListener::bind_addr(&abstract_address(folder, "stream")).unwrap();
    let abstract_datagram = UnixDatagram::bind_addr(&abstract_address(folder, "datagram")).unwrap();

    let mut inside = Command::new(env::current_exe().unwrap());
    inside.args(["process::sandbox::tests::each_way_out_of_the_sandbox_is_closed", "--exact", "--nocapture"]);
    let output = inside.env(INSIDE, folder).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("all was tried"), "{told}");

    tcp.set_nonblocking(true).unwrap();
    assert_eq!(tcp.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    unix.set_nonblocking(true).unwrap();
    assert_eq!(unix.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    abstract_stream.set_nonblocking(true).unwrap();
    assert_eq!(abstract_stream.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    if has_scopes() {
        abstract_datagram.set_nonblocking(true).unwrap();
        assert_eq!(abstract_datagram.recv(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    let after = fs::metadata(&file).unwrap();
    assert_eq!((before.mode(), before.mtime(), before.uid()), (after.mode(), after.mtime(), after.uid()));
}

/// Checks that the kernel refused, and that the target exists.
#[track_caller]
fn assert_refused<T: Debug, E: Into<io::Error>>(what: &str, result: Result<T, E>) {
    match result {
        Ok(done) => panic!("{what}: {done:?}"),
        Err(error) => {
            let error: io::Error = error.into();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{what}: {error}");
        }
    }
}

fn inside(folder: &Path) {
    let store = format!("--store=maildir:{}/mail", folder.display());
    let matches = flags().try_get_matches_from(["--sandbox", &store]).unwrap();
    let options = Options::from_arg_matches(&matches).unwrap();
    let address: SocketAddr = fs::read_to_string(folder.join("mail/address")).unwrap().parse().unwrap();
    let within = TcpListener::bind("127.0.0.1:0").unwrap();
    let parent = getppid().unwrap();
    let outgoing = Outgoing::default();
    enter(&options, vec![folder.join("mail")], &outgoing).unwrap();
    close(&outgoing).unwrap();

    connections(address, folder);
    other_processes(parent);
    files(&folder.join("outside"));
    rights();

    // The calls of a serving process keep working.
    let mut mail = File::create_new(folder.join("mail/message")).unwrap();
    mail.write_all(b"text").unwrap();
    mail.set_permissions(Permissions::from_mode(0o640)).unwrap();
    mail.sync_all().unwrap();
    fs::rename(folder.join("mail/message"), folder.join("mail/kept")).unwrap();
    within.set_nonblocking(true).unwrap();
    assert_eq!(within.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    TcpListener::bind("127.0.0.1:0").unwrap();
    UnixListener::bind(folder.join("mail/unix")).unwrap();
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    ours.send(b"text").unwrap();
    assert_eq!(theirs.recv(&mut [0; 9]).unwrap(), 4);
    kill_process(getpid(), Signal::CONT).unwrap();
    setrlimit(Resource::Nofile, getrlimit(Resource::Nofile)).unwrap();
    assert_eq!(std::thread::spawn(|| 1).join().unwrap(), 1);
    let own = Command::new(env::current_exe().unwrap()).arg("--help").output().unwrap();
    assert!(own.status.success(), "{own:?}");
    eprintln!("all was tried");
}

fn connections(address: SocketAddr, folder: &Path) {
    const MSG_FASTOPEN: SendFlags = SendFlags::from_bits_retain(0x2000_0000);
    let of_kind = |family, kind, protocol: Option<u32>| {
        socket(family, kind, protocol.map(|number| Protocol::from_raw(number.try_into().unwrap())))
    };
    let (inet, stream) = (AddressFamily::INET, SocketType::STREAM);
    assert_refused("TCP", TcpStream::connect(address));
    let fast = of_kind(inet, stream, None).unwrap();
    assert_refused("TCP fast open", sendto(&fast, b"EHLO x\r\n", MSG_FASTOPEN, &address));
    assert_refused("MPTCP", of_kind(inet, stream, Some(262)));
    assert_refused("MPTCP", of_kind(AddressFamily::INET6, stream, Some(262)));
    assert_refused("SCTP", of_kind(inet, stream, Some(132)));
    assert_refused("UDP", UdpSocket::bind("127.0.0.1:0"));
    assert_refused("ICMP", of_kind(inet, SocketType::RAW, Some(1)));
    assert_refused("netlink", of_kind(AddressFamily::NETLINK, SocketType::RAW, None));
    assert_refused("packets", of_kind(AddressFamily::PACKET, SocketType::RAW, None));
    assert_refused("VSOCK", of_kind(AddressFamily::VSOCK, stream, None));
    assert_refused("a Unix socket", UnixStream::connect(folder.join("unix")));
    assert_refused("an abstract one", UnixStream::connect_addr(&abstract_address(folder, "stream")));
    let datagram = UnixDatagram::unbound().unwrap();
    let to = abstract_address(folder, "datagram");
    assert_refused("an abstract one, connected", datagram.connect_addr(&to));
    if has_scopes() {
        assert_refused("a datagram to an abstract one", datagram.send_to_addr(b"text", &to));
    }
}

fn other_processes(parent: rustix::process::Pid) {
    let parent_of_nix = nix::unistd::Pid::from_raw(parent.as_raw_nonzero().get());
    if has_scopes() {
        assert_refused("a signal", kill_process(parent, Signal::CONT));
        let descriptor = pidfd_open(parent, PidfdFlags::empty()).unwrap();
        assert_refused("a signal by a descriptor", pidfd_send_signal(descriptor, Signal::CONT));
    }
    assert_refused("ptrace", nix::sys::ptrace::attach(parent_of_nix));
    let mut memory = [0; 8];
    let place = RemoteIoVec { base: 0x40_0000, len: memory.len() };
    let read = process_vm_readv(parent_of_nix, &mut [IoSliceMut::new(&mut memory)], &[place]);
    assert_refused("memory of another process", read);
    let limit = Rlimit { current: Some(1), maximum: Some(1_000_000) };
    assert_refused("a limit of another process", prlimit(Some(parent), Resource::Cpu, limit));
    let cpus = nix::sched::sched_getaffinity(parent_of_nix).unwrap();
    assert_refused("processors of another process", nix::sched::sched_setaffinity(parent_of_nix, &cpus));
    assert_refused("the priority of another process", setpriority_process(Some(parent), 19));
    assert_refused("its memory as a file", File::open(format!("/proc/{}/mem", parent.as_raw_nonzero())));
}

fn files(outside: &Path) {
    assert_refused("reading", File::open(outside));
    assert_refused("removing", fs::remove_file(outside));
    assert_refused("truncating", nix::unistd::truncate(outside, 0));
    assert_refused("chmod", fs::set_permissions(outside, Permissions::from_mode(0o666)));
    assert_refused("fchmodat", chmodat(CWD, outside, Mode::from_raw_mode(0o666), AtFlags::empty()));
    let named = open(outside, OFlags::PATH, Mode::empty()).unwrap();
    let link = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&named));
    assert_refused("chmod by a descriptor", fs::set_permissions(link, Permissions::from_mode(0o666)));
    assert_refused("chown", chown(outside, Some(rustix::process::getuid().as_raw()), None));
    let past = Timespec { tv_sec: 1, tv_nsec: 0 };
    let times = Timestamps { last_access: past, last_modification: past };
    assert_refused("utimensat", utimensat(CWD, outside, &times, AtFlags::empty()));
    assert_refused("setxattr", setxattr(outside, "user.x", b"x", XattrFlags::empty()));
}

fn rights() {
    let own = nix::unistd::Uid::current();
    assert_refused("setuid", nix::unistd::setuid(own));
    assert_refused("setresuid", nix::unistd::setresuid(own, own, own));
    assert_refused("setgroups", nix::unistd::setgroups(&[]));
    assert_refused("unshare", nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER));
    assert_refused("umount", rustix::mount::unmount("/nowhere", rustix::mount::UnmountFlags::empty()));
    assert_refused("chroot", rustix::process::chroot("/proc"));
}
