/* A disk that fails on purpose, and a witness of what reached the disk: loaded into the program by LD_PRELOAD.
 *
 * A program may call the kernel without libc, as Mailchute does to rename, so nothing is overridden here by name.
 * Instead a seccomp filter turns the system calls that matter into a signal, whose handler makes the call itself,
 * fails it, or makes it and writes it down. Calls from here pass the filter by their address.
 *
 * TORTURE_DISK     only files below this directory are touched
 * TORTURE_CONTROL  a file with one `struct fault` for each of `enum operation`; the harness writes to it at any time
 * TORTURE_LOG      if set, a line for each call: BEGIN END OPERATION RESULT PATH PATH2 TEXT; the numbers BEGIN and END
 *                  come from one counter, a path that there is not is -, TEXT is what a socket was sent, in hex
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef __x86_64__
#error "faults.c knows the registers of x86-64 only"
#endif

enum operation { CREATE, WRITE, FLUSH_FILE, FLUSH_DIRECTORY, RENAME, LINK, REMOVE, DIRECTORY, SEND, OPERATIONS };
static const char *const names[] = {"create", "write", "flush-file", "flush-directory", "rename",
                                    "link",   "remove", "directory", "send"};

#define DIE 0xffffffffu

struct fault {
    uint32_t per_million;
    uint32_t error; /* 0: a write takes half of what it is given; DIE: the call is made, and then the program is killed */
    _Atomic uint64_t done;
};

static struct fault *faults;
static const char *disk;
static size_t disk_length;
static int log_file = -1;
static _Atomic uint64_t clock_ = 1, dice = 1;

enum { PATH = 512, SENT = 1536, LINE = 2 * PATH + 2 * SENT + 128 };

/* The only system call instruction that the filter lets through for the calls below. */
long faults_system_call(long number, long a, long b, long c, long d, long e, long f);
extern const char faults_after_system_call[];
__asm__(".text\n.globl faults_system_call\n.hidden faults_system_call\n.type faults_system_call, @function\n"
        "faults_system_call:\n"
        "mov %rdi, %rax\nmov %rsi, %rdi\nmov %rdx, %rsi\nmov %rcx, %rdx\nmov %r8, %r10\nmov %r9, %r8\n"
        "mov 8(%rsp), %r9\nsyscall\n"
        ".globl faults_after_system_call\n.hidden faults_after_system_call\nfaults_after_system_call:\nret\n"
        ".size faults_system_call, .-faults_system_call\n");

struct call {
    long number, arguments[6];
};

static long make(const struct call *call) {
    const long *a = call->arguments;
    return faults_system_call(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* The path of an open file; sockets have one like socket:[7]. */
static void path_of(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH - 1);
    path[length > 0 ? length : 0] = 0;
}

static int is_on_disk(const char *path) {
    return !strncmp(path, disk, disk_length) && (path[disk_length] == '/' || !path[disk_length]);
}

static int is_socket(const char *path) { return !strncmp(path, "socket:", 7); }

/* What the call does, and with which paths; OPERATIONS for what is none of our business. */
static enum operation understand(const struct call *call, char *path, char *other) {
    const long *a = call->arguments;
    const char *from = "", *to = "";
    enum operation operation = OPERATIONS;
    switch (call->number) {
    case SYS_openat:
        if (!(a[2] & O_CREAT))
            return OPERATIONS;
        operation = CREATE, from = (const char *)a[1];
        break;
    case SYS_write:
    case SYS_writev:
    case SYS_sendto:
    case SYS_sendmsg:
        path_of((int)a[0], path);
        return is_socket(path) ? SEND : is_on_disk(path) ? WRITE : OPERATIONS;
    case SYS_fsync:
    case SYS_fdatasync: {
        struct stat status;
        path_of((int)a[0], path);
        if (!is_on_disk(path))
            return OPERATIONS;
        return !fstat((int)a[0], &status) && S_ISDIR(status.st_mode) ? FLUSH_DIRECTORY : FLUSH_FILE;
    }
    case SYS_rename:
        operation = RENAME, from = (const char *)a[0], to = (const char *)a[1];
        break;
    case SYS_renameat:
    case SYS_renameat2:
        operation = RENAME, from = (const char *)a[1], to = (const char *)a[3];
        break;
    case SYS_link:
        operation = LINK, from = (const char *)a[0], to = (const char *)a[1];
        break;
    case SYS_linkat:
        operation = LINK, from = (const char *)a[1], to = (const char *)a[3];
        break;
    case SYS_unlink:
        operation = REMOVE, from = (const char *)a[0];
        break;
    case SYS_unlinkat:
        operation = REMOVE, from = (const char *)a[1];
        break;
    case SYS_mkdir:
        operation = DIRECTORY, from = (const char *)a[0];
        break;
    case SYS_mkdirat:
        operation = DIRECTORY, from = (const char *)a[1];
        break;
    }
    snprintf(path, PATH, "%s", from);
    snprintf(other, PATH, "%s", to);
    return is_on_disk(path) ? operation : OPERATIONS;
}

/* Equally spread numbers (splitmix64). */
static uint64_t throw_dice(void) {
    uint64_t z = atomic_fetch_add(&dice, 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Half of the first part of what a write was given. */
static long make_half(const struct call *call) {
    const long *a = call->arguments;
    const void *octets = (const void *)a[1];
    size_t length = (size_t)a[2];
    if (call->number == SYS_writev)
        octets = ((const struct iovec *)a[1])->iov_base, length = ((const struct iovec *)a[1])->iov_len;
    return faults_system_call(SYS_write, a[0], (long)octets, (long)(length > 1 ? length / 2 : length), 0, 0, 0);
}

static long make_or_fail(const struct call *call, enum operation operation) {
    if (operation == SEND || !faults)
        return make(call);
    struct fault *fault = &faults[operation];
    uint32_t per_million = fault->per_million;
    if (!per_million || throw_dice() % 1000000 >= per_million)
        return make(call);
    atomic_fetch_add(&fault->done, 1);
    if (fault->error == DIE) {
        make(call);
        faults_system_call(SYS_kill, faults_system_call(SYS_getpid, 0, 0, 0, 0, 0, 0), SIGKILL, 0, 0, 0, 0);
    }
    return fault->error ? -(long)fault->error : make_half(call);
}

/* Copies what a call sends, up to the room there is. */
static size_t gather(const struct call *call, char *octets) {
    const long *a = call->arguments;
    struct iovec one = {(void *)a[1], (size_t)a[2]};
    const struct iovec *parts = &one;
    size_t count = 1, length = 0;
    if (call->number == SYS_writev)
        parts = (const struct iovec *)a[1], count = (size_t)a[2];
    if (call->number == SYS_sendmsg)
        parts = ((const struct msghdr *)a[1])->msg_iov, count = ((const struct msghdr *)a[1])->msg_iovlen;
    for (size_t n = 0; n < count && length < SENT; n++) {
        size_t taken = parts[n].iov_len < SENT - length ? parts[n].iov_len : SENT - length;
        memcpy(octets + length, parts[n].iov_base, taken);
        length += taken;
    }
    return length;
}

static void write_down(const struct call *call, enum operation operation, uint64_t begin, uint64_t end, long result,
                       const char *path, const char *other) {
    static const char digits[] = "0123456789abcdef";
    char line[LINE], octets[SENT];
    int length = snprintf(line, sizeof line, "%lu %lu %s %ld %s %s ", begin, end, names[operation], result,
                          *path ? path : "-", *other ? other : "-");
    if (operation == SEND) {
        size_t sent = gather(call, octets);
        for (size_t n = 0; n < sent; n++) {
            line[length++] = digits[(octets[n] >> 4) & 15];
            line[length++] = digits[octets[n] & 15];
        }
    } else {
        line[length++] = '-';
    }
    line[length++] = '\n';
    faults_system_call(SYS_write, log_file, (long)line, length, 0, 0, 0);
}

static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal;
    int saved = errno;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    struct call call = {info->si_syscall,
                        {registers[REG_RDI], registers[REG_RSI], registers[REG_RDX], registers[REG_R10],
                         registers[REG_R8], registers[REG_R9]}};
    char path[PATH] = "", other[PATH] = "";
    enum operation operation = understand(&call, path, other);
    if (operation == OPERATIONS) {
        registers[REG_RAX] = make(&call);
    } else {
        uint64_t begin = atomic_fetch_add(&clock_, 1);
        long result = make_or_fail(&call, operation);
        uint64_t end = atomic_fetch_add(&clock_, 1);
        registers[REG_RAX] = result;
        if (log_file >= 0)
            write_down(&call, operation, begin, end, result, path, other);
    }
    errno = saved;
}

static void give_up(const char *what) {
    perror(what);
    _exit(99);
}

/* Traps these system calls unless they come from faults_system_call. */
static void set_traps(void) {
    static const int numbers[] = {SYS_openat,   SYS_write, SYS_writev, SYS_fsync,  SYS_fdatasync, SYS_rename, SYS_renameat,
                                  SYS_renameat2, SYS_link,  SYS_linkat, SYS_unlink, SYS_unlinkat,  SYS_mkdir,  SYS_mkdirat,
                                  SYS_sendto,   SYS_sendmsg};
    enum { COUNT = sizeof numbers / sizeof *numbers };
    uint64_t here = (uint64_t)faults_after_system_call;
    struct sock_filter filter[8 + COUNT + 2];
    int n = 0;
#define LOAD(field) ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field)))
#define EQUAL(value, yes, no) ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no)))
#define RETURN(what) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, (what)))
    filter[n++] = LOAD(instruction_pointer);
    filter[n++] = EQUAL((uint32_t)here, 0, 3);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                               offsetof(struct seccomp_data, instruction_pointer) + 4);
    filter[n++] = EQUAL((uint32_t)(here >> 32), 0, 1);
    filter[n++] = RETURN(SECCOMP_RET_ALLOW);
    filter[n++] = LOAD(nr);
    /* Replies matter to the witness only. */
    int count = log_file >= 0 ? COUNT : COUNT - 2;
    for (int k = 0; k < count; k++)
        filter[n++] = EQUAL((uint32_t)numbers[k], (uint8_t)(count - k), 0);
    filter[n++] = RETURN(SECCOMP_RET_ALLOW);
    filter[n++] = RETURN(SECCOMP_RET_TRAP);
    struct sock_fprog program = {(unsigned short)n, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
        give_up("faults.c: seccomp");
}

__attribute__((constructor)) static void begin(void) {
    const char *control = getenv("TORTURE_CONTROL"), *log = getenv("TORTURE_LOG");
    disk = getenv("TORTURE_DISK");
    if (!disk || !control)
        return;
    disk_length = strlen(disk);
    int file = open(control, O_RDWR | O_CLOEXEC);
    if (file < 0)
        give_up(control);
    faults = mmap(NULL, OPERATIONS * sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (faults == MAP_FAILED)
        give_up(control);
    close(file);
    if (log && (log_file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0)
        give_up(log);
    atomic_store(&dice, (uint64_t)getpid() << 32);
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};
    if (sigaction(SIGSYS, &action, NULL))
        give_up("faults.c: sigaction");
    set_traps();
}
