//! The answers of the filter of system calls.

use super::*;

/// Runs a filter as the kernel does. `seccomp_data` is the number, the architecture and six arguments.
fn run(program: &[sock_filter], arch: u32, call: u32, arguments: [u64; 6]) -> u32 {
    let (mut at, mut register) = (0, 0_u32);
    loop {
        let sock_filter { code, jt, jf, k } = program[at].clone();
        at += 1;
        let jump = |is_so: bool| usize::from(if is_so { jt } else { jf });
        match code {
            0x20 => {
                register = match k {
                    0 => call,
                    4 => arch,
                    offset => {
                        let argument = arguments[(offset as usize - 16) / 8].to_le_bytes();
                        let half = (offset as usize - 16) % 8;
                        u32::from_le_bytes(argument[half..half + 4].try_into().unwrap())
                    }
                }
            }
            0x05 => at += k as usize,
            0x15 => at += jump(register == k),
            0x25 => at += jump(register > k),
            0x35 => at += jump(register >= k),
            0x54 => register &= k,
            0x06 => return k,
            other => panic!("instruction {other:#x}"),
        }
    }
}

fn told(call: i64, arguments: &[i32]) -> u32 {
    let arch = if cfg!(target_arch = "x86_64") { 0xc000_003e } else { 0xc000_00b7 };
    let mut all = [0; 6];
    for (place, argument) in all.iter_mut().zip(arguments) {
        // The kernel ignores the upper half of a register.
        *place = u64::from(argument.cast_unsigned()) | 0xdead_beef << 32;
    }
    run(&program(false, false).unwrap(), arch, u32::try_from(call).unwrap(), all)
}

fn is_refused(call: i64, arguments: &[i32]) -> bool {
    match told(call, arguments) {
        libc::SECCOMP_RET_ALLOW => false,
        told => {
            assert_eq!(told, libc::SECCOMP_RET_ERRNO | EPERM.unsigned_abs());
            true
        }
    }
}

#[test]
fn refuses_each_call_of_the_list_and_none_that_serving_takes() {
    for call in REFUSED {
        assert!(is_refused(*call, &[]), "{call}");
    }
    for call in [
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_openat,
        libc::SYS_fsync,
        libc::SYS_fchmod,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept4,
        libc::SYS_socketpair,
        libc::SYS_setsockopt,
        libc::SYS_recvfrom,
        libc::SYS_clone,
        libc::SYS_execve,
        libc::SYS_wait4,
        libc::SYS_kill,
        libc::SYS_tgkill,
        libc::SYS_pidfd_send_signal,
        libc::SYS_prlimit64,
        libc::SYS_seccomp,
        libc::SYS_landlock_restrict_self,
        libc::SYS_futex,
        libc::SYS_mmap,
        libc::SYS_mprotect,
        libc::SYS_getrandom,
        libc::SYS_exit_group,
    ] {
        assert!(!is_refused(call, &[]), "{call}");
    }
}

#[test]
fn takes_unix_sockets_and_those_of_tcp_and_no_others() {
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    for (family, kind, protocol, is_taken) in [
        (AF_INET, SOCK_STREAM, 0, true),
        (AF_INET6, SOCK_STREAM | flags, IPPROTO_TCP, true),
        (AF_UNIX, SOCK_STREAM | flags, 0, true),
        (AF_UNIX, libc::SOCK_DGRAM, 0, true),
        (AF_INET, SOCK_STREAM, libc::IPPROTO_MPTCP, false),
        (AF_INET6, SOCK_STREAM | flags, libc::IPPROTO_MPTCP, false),
        (AF_INET, SOCK_STREAM, libc::IPPROTO_SCTP, false),
        (AF_INET, libc::SOCK_DGRAM, 0, false),
        (AF_INET6, libc::SOCK_DGRAM | flags, 0, false),
        (AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP, false),
        (AF_INET, libc::SOCK_SEQPACKET, 0, false),
        (AF_INET, libc::SOCK_DCCP, 0, false),
        (AF_INET, libc::SOCK_RAW, IPPROTO_TCP, false),
        (libc::AF_NETLINK, libc::SOCK_RAW, 0, false),
        (libc::AF_PACKET, libc::SOCK_RAW, 0, false),
        (libc::AF_VSOCK, SOCK_STREAM, 0, false),
        (libc::AF_ALG, libc::SOCK_SEQPACKET, 0, false),
        (libc::AF_BLUETOOTH, SOCK_STREAM, 0, false),
        (43, SOCK_STREAM, 0, false), // SMC, which is TCP beneath
        (0, SOCK_STREAM, 0, false),
        (-1, SOCK_STREAM, 0, false),
    ] {
        assert_eq!(
            !is_refused(SYS_socket, &[family, kind, protocol]),
            is_taken,
            "{family} {kind} {protocol}"
        );
    }
}

#[test]
fn takes_no_sending_that_connects() {
    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    for (call, index) in SENDING {
        for (given, is_taken) in
            [(0, true), (flags, true), (MSG_FASTOPEN, false), (flags | MSG_FASTOPEN, false)]
        {
            let mut arguments = [0; 6];
            arguments[usize::from(index)] = given;
            assert_eq!(!is_refused(call, &arguments), is_taken, "{call} {given:#x}");
        }
    }
}

#[test]
fn takes_no_call_under_the_number_of_another_architecture() {
    for call in [libc::SYS_connect, libc::SYS_read, 512, 518] {
        assert!(is_refused(call | i64::from(X32), &[]), "{call}");
    }
    let i386 = 0x4000_0003;
    assert_eq!(run(&program(false, false).unwrap(), i386, 362, [0; 6]), libc::SECCOMP_RET_KILL_PROCESS);
}

#[test]
fn refuses_processes_in_namespaces_of_their_own() {
    // The flags of glibc and musl for a thread, a fork, and posix_spawn.
    for taken in [0x003d_0f00, 0x0120_0011, 0x0000_4111] {
        assert!(!is_refused(SYS_clone, &[taken]), "{taken:#x}");
        for namespace in NAMESPACES {
            assert!(is_refused(SYS_clone, &[taken | namespace]), "{taken:#x} {namespace:#x}");
        }
    }
}

#[test]
fn has_libraries_fall_back_from_clone3_to_clone() {
    let told = told(libc::SYS_clone3, &[]);
    assert_eq!(told, libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs());
}

#[test]
fn takes_limits_of_this_process_and_of_no_other() {
    assert!(!is_refused(SYS_prlimit64, &[0, 7]));
    for process in [1, 4711, -1] {
        assert!(is_refused(SYS_prlimit64, &[process]), "{process}");
    }
}

#[test]
fn a_store_that_forwards_connects_and_looks_up_by_datagrams() {
    let arch = if cfg!(target_arch = "x86_64") { 0xc000_003e } else { 0xc000_00b7 };
    let allows = |sends_datagrams, call: i64, arguments: [u64; 6]| {
        let program = program(true, sends_datagrams).unwrap();
        run(&program, arch, u32::try_from(call).unwrap(), arguments) == libc::SECCOMP_RET_ALLOW
    };
    let socket = |kind, protocol| [value(AF_INET), value(kind), value(protocol), 0, 0, 0];
    assert!(allows(false, libc::SYS_connect, [0; 6]));
    assert!(!allows(false, SYS_socket, socket(SOCK_DGRAM, 0)));
    assert!(allows(true, SYS_socket, socket(SOCK_DGRAM, 0)));
    assert!(allows(true, SYS_socket, socket(SOCK_DGRAM, IPPROTO_UDP)));
    assert!(!allows(true, SYS_socket, socket(libc::SOCK_RAW, 0)));
    assert!(!allows(true, libc::SYS_ptrace, [0; 6]));
}
