//! The system calls that `--sandbox` takes away (seccomp), for what Landlock does not cover.
//!
//! The filter names what is refused, with `EPERM`, and allows the rest: what libraries need differs from one version to
//! the next, and a process that takes over inherits the filter.

use libc::{
    AF_INET, AF_INET6, AF_UNIX, EPERM, IPPROTO_TCP, MSG_FASTOPEN, SOCK_STREAM, SYS_sendmmsg, SYS_sendmsg,
    SYS_sendto, SYS_socket,
};
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{MaskedEq, Ne};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter_all_threads, sock_filter,
};

use crate::failure::Failure;

/// Calls of which the program needs none once its sockets are open.
const REFUSED: &[i64] = &[
    // Connections, to whatever and by whatever protocol; and rings, which make calls that no filter sees.
    libc::SYS_connect,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Modes, owners, times and attributes of files by their names, which Landlock leaves alone.
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    libc::SYS_fchmodat,
    SYS_FCHMODAT2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    libc::SYS_fchownat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utimes,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_futimesat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    SYS_SETXATTRAT,
    SYS_REMOVEXATTRAT,
    SYS_FILE_SETATTR,
    // Memory and descriptors of other processes, and what is shared with them.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    // Rights, namespaces and mounts.
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_setgroups,
    libc::SYS_capset,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    SYS_OPEN_TREE_ATTR,
    libc::SYS_open_by_handle_at,
    // Keys, and parts of the kernel that faults have been found in and no server needs.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_personality,
    libc::SYS_syslog,
    // What only root may do to a host, for a program that goes on as root.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_nfsservctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
];

/// Calls that libc does not name for each architecture; newer ones have one number for all.
const SYS_FCHMODAT2: i64 = 452;
const SYS_SETXATTRAT: i64 = 463;
const SYS_REMOVEXATTRAT: i64 = 466;
const SYS_OPEN_TREE_ATTR: i64 = 467;
const SYS_FILE_SETATTR: i64 = 469;

/// Calls that send, each with the index of its flags.
const SENDING: [(i64, u8); 3] = [(SYS_sendto, 3), (SYS_sendmsg, 2), (SYS_sendmmsg, 3)];

/// Set in the numbers of calls of x32, which are those of x86-64 under other numbers.
const X32: u32 = 0x4000_0000;

/// Takes the calls away from all threads, and from all that they start. To be called when the sockets are open and
/// root's rights are given up.
pub(crate) fn refuse() -> Result<(), Failure> {
    let refuse = || apply_filter_all_threads(&program()?);
    refuse().map_err(|error| {
        Failure::unusable(format!(
            "--sandbox: this kernel does not filter system calls ({error}); it takes one with seccomp, or leave the flag out"
        ))
    })
}

fn program() -> Result<BpfProgram, BackendError> {
    let mut rules: Vec<(i64, Vec<SeccompRule>)> = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    rules.push((SYS_socket, other_sockets()?));
    for (call, flags) in SENDING {
        let opens = SeccompCondition::new(flags, Dword, MaskedEq(value(MSG_FASTOPEN)), value(MSG_FASTOPEN))?;
        rules.push((call, vec![SeccompRule::new(vec![opens])?]));
    }
    let refusal = SeccompAction::Errno(EPERM.unsigned_abs());
    let arch = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules.into_iter().collect(), SeccompAction::Allow, refusal, arch)?;
    let rest: BpfProgram = filter.try_into()?;
    let mut program = refuse_x32().to_vec();
    program.extend(rest);
    Ok(program)
}

/// All sockets but Unix ones and those of TCP.
fn other_sockets() -> Result<Vec<SeccompRule>, BackendError> {
    let is_not = |argument, what| SeccompCondition::new(argument, Dword, Ne, value(what));
    // The type has flags behind its lowest four bits.
    let has_type = |kind| SeccompCondition::new(1, Dword, MaskedEq(0xf), kind);
    let mut rules = vec![
        SeccompRule::new(vec![is_not(0, AF_UNIX)?, is_not(0, AF_INET)?, is_not(0, AF_INET6)?])?,
        SeccompRule::new(vec![is_not(0, AF_UNIX)?, is_not(2, 0)?, is_not(2, IPPROTO_TCP)?])?,
    ];
    for kind in (0..=0xf).filter(|kind| *kind != value(SOCK_STREAM)) {
        rules.push(SeccompRule::new(vec![is_not(0, AF_UNIX)?, has_type(kind)?])?);
    }
    Ok(rules)
}

/// To stand in front of the program: refuses all calls whose numbers have the mark of x32.
fn refuse_x32() -> [sock_filter; 3] {
    const LOAD_NUMBER: u16 = 0x20;
    const SKIP_ONE_IF_BELOW: u16 = 0x35;
    const RETURN: u16 = 0x06;
    let refusal = libc::SECCOMP_RET_ERRNO | EPERM.unsigned_abs();
    [
        sock_filter { code: LOAD_NUMBER, jt: 0, jf: 0, k: 0 },
        sock_filter { code: SKIP_ONE_IF_BELOW, jt: 0, jf: 1, k: X32 },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: refusal },
    ]
}

/// An argument as the kernel compares it.
fn value(argument: i32) -> u64 {
    argument.unsigned_abs().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel does with a program: `seccomp_data` is the number, the architecture and six arguments.
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

    fn is_refused(call: i64, arguments: &[i32]) -> bool {
        let arch = if cfg!(target_arch = "x86_64") { 0xc000_003e } else { 0xc000_00b7 };
        let mut all = [0; 6];
        for (place, argument) in all.iter_mut().zip(arguments) {
            // What stands in the upper half of a register is not looked at by the kernel.
            *place = u64::from(argument.cast_unsigned()) | 0xdead_beef << 32;
        }
        match run(&program().unwrap(), arch, u32::try_from(call).unwrap(), all) {
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
            libc::SYS_clone3,
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
        assert_eq!(run(&program().unwrap(), i386, 362, [0; 6]), libc::SECCOMP_RET_KILL_PROCESS);
    }
}
