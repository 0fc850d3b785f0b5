//! The system calls that `--sandbox` blocks (seccomp), for what Landlock does not cover.
//!
//! The filter lists what is refused, with `EPERM`, and allows the rest. The needs of libraries differ between versions,
//! and a process that takes over inherits the filter.
//!
//! # Why
//!
//! The filter is installed last, in all threads at once. Until then sockets are opened and root is given up. It cannot
//! follow pointers to addresses, so `connect` is refused entirely unless the store forwards, and systemd is notified by datagrams. `clone3` is
//! answered as by an old kernel. C libraries then use `clone`, whose flags the filter sees.

use libc::{
    AF_INET, AF_INET6, AF_UNIX, ENOSYS, EPERM, IPPROTO_TCP, IPPROTO_UDP, MSG_FASTOPEN, SOCK_DGRAM,
    SOCK_STREAM, SYS_clone, SYS_prlimit64, SYS_sendmmsg, SYS_sendmsg, SYS_sendto, SYS_socket,
};
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{MaskedEq, Ne};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter_all_threads, sock_filter,
};

use crate::failure::Failure;

/// Calls that the program does not need once its sockets are open.
const REFUSED: &[i64] = &[
    // Connections by any protocol; and io_uring, whose calls no filter sees.
    libc::SYS_connect,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Modes, owners, times and attributes of files by name. Landlock does not cover them.
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
    // Memory and descriptors of other processes, and memory shared with them.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
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
    // Processor time, disk and memory of other processes.
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
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
    // Keys, and parts of the kernel that had vulnerabilities and that no server needs.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_personality,
    libc::SYS_syslog,
    // Calls that only root may make, in case the program stays root.
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

/// Calls that libc does not name on each architecture. Newer calls have one number everywhere.
const SYS_FCHMODAT2: i64 = 452;
const SYS_SETXATTRAT: i64 = 463;
const SYS_REMOVEXATTRAT: i64 = 466;
const SYS_OPEN_TREE_ATTR: i64 = 467;
const SYS_FILE_SETATTR: i64 = 469;

/// Calls that send, each with the index of its flags.
const SENDING: [(i64, u8); 3] = [(SYS_sendto, 3), (SYS_sendmsg, 2), (SYS_sendmmsg, 3)];

/// The flags of `clone` that create namespaces. Only `clone3` and `unshare` create time namespaces.
const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

/// `clone3`, with the same number on all architectures.
const CLONE3: u32 = 435;

/// The bit that marks calls of x32: calls of x86-64 under other numbers.
const X32: u32 = 0x4000_0000;

/// Blocks the calls in all threads, and in all that they start. Call it when the sockets are open and root is given up.
///
/// A store that forwards needs connections, and so do filters. Questions to the DNS need datagrams.
pub(crate) fn refuse(connects: bool, sends_datagrams: bool) -> Result<(), Failure> {
    let refuse = || apply_filter_all_threads(&program(connects, sends_datagrams)?);
    refuse().map_err(|error| {
        Failure::unusable(format!(
            "--sandbox: this kernel does not support seccomp ({error}); use one that does, or leave the flag out"
        ))
    })
}

fn program(connects: bool, sends_datagrams: bool) -> Result<BpfProgram, BackendError> {
    let refused = REFUSED.iter().filter(|call| !(connects && **call == libc::SYS_connect));
    let mut rules: Vec<(i64, Vec<SeccompRule>)> = refused.map(|call| (*call, Vec::new())).collect();
    rules.push((SYS_socket, other_sockets(sends_datagrams)?));
    for (call, flags) in SENDING {
        let opens = SeccompCondition::new(flags, Dword, MaskedEq(value(MSG_FASTOPEN)), value(MSG_FASTOPEN))?;
        rules.push((call, vec![SeccompRule::new(vec![opens])?]));
    }
    rules.push((SYS_clone, namespaces()?));
    let of_another_process = SeccompCondition::new(0, Dword, Ne, 0)?;
    rules.push((SYS_prlimit64, vec![SeccompRule::new(vec![of_another_process])?]));
    let refusal = SeccompAction::Errno(EPERM.unsigned_abs());
    let arch = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules.into_iter().collect(), SeccompAction::Allow, refusal, arch)?;
    let rest: BpfProgram = filter.try_into()?;
    let mut program = refuse_numbers().to_vec();
    program.extend(rest);
    Ok(program)
}

/// All sockets except Unix and TCP ones, and those of UDP where the DNS is asked.
fn other_sockets(sends_datagrams: bool) -> Result<Vec<SeccompRule>, BackendError> {
    let is_not = |argument, what| SeccompCondition::new(argument, Dword, Ne, value(what));
    // The type has flags above its lowest four bits.
    let has_type = |kind| SeccompCondition::new(1, Dword, MaskedEq(0xf), kind);
    let mut other_protocol = vec![is_not(0, AF_UNIX)?, is_not(2, 0)?, is_not(2, IPPROTO_TCP)?];
    if sends_datagrams {
        other_protocol.push(is_not(2, IPPROTO_UDP)?);
    }
    let mut rules = vec![
        SeccompRule::new(vec![is_not(0, AF_UNIX)?, is_not(0, AF_INET)?, is_not(0, AF_INET6)?])?,
        SeccompRule::new(other_protocol)?,
    ];
    let is_allowed = |kind| kind == value(SOCK_STREAM) || sends_datagrams && kind == value(SOCK_DGRAM);
    for kind in (0..=0xf).filter(|kind| !is_allowed(*kind)) {
        rules.push(SeccompRule::new(vec![is_not(0, AF_UNIX)?, has_type(kind)?])?);
    }
    Ok(rules)
}

/// New namespaces, in which a process would be root.
fn namespaces() -> Result<Vec<SeccompRule>, BackendError> {
    let rule = |flag| {
        let is_set = SeccompCondition::new(0, Dword, MaskedEq(value(flag)), value(flag))?;
        SeccompRule::new(vec![is_set])
    };
    NAMESPACES.into_iter().map(rule).collect()
}

/// The filter's first instructions. They refuse all x32 calls, and answer that `clone3` does not exist. Its flags are
/// after a pointer, where no filter sees them; C libraries fall back to `clone`.
fn refuse_numbers() -> [sock_filter; 5] {
    const LOAD_NUMBER: u16 = 0x20;
    const SKIP_UNLESS_EQUAL: u16 = 0x15;
    const SKIP_IF_BELOW: u16 = 0x35;
    const RETURN: u16 = 0x06;
    let answer = |error: i32| sock_filter {
        code: RETURN,
        jt: 0,
        jf: 0,
        k: libc::SECCOMP_RET_ERRNO | error.unsigned_abs(),
    };
    [
        sock_filter { code: LOAD_NUMBER, jt: 0, jf: 0, k: 0 },
        sock_filter { code: SKIP_IF_BELOW, jt: 0, jf: 1, k: X32 },
        answer(EPERM),
        sock_filter { code: SKIP_UNLESS_EQUAL, jt: 0, jf: 1, k: CLONE3 },
        answer(ENOSYS),
    ]
}

/// An argument as the kernel compares it.
fn value(argument: i32) -> u64 {
    argument.unsigned_abs().into()
}

#[cfg(test)]
mod tests;
