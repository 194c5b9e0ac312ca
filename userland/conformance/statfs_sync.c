#include "test.h"
#include <sys/statfs.h>
#include <sys/statvfs.h>

TEST("statfs, fsync, fdatasync, sync, fadvise, readahead")
{
	struct statfs fs;
	struct statvfs vfs;
	put_file("f", "text");
	int fd = (int)need(open("f", O_RDWR)), pfd[2];
	need(pipe(pfd));
	ok(statfs(".", &fs));
	is(fs.f_type, 0x01021994);
	is(fs.f_bsize, 4096);
	is(fs.f_namelen, 255);
	holds(fs.f_bfree <= fs.f_blocks && fs.f_bavail <= fs.f_bfree);
	holds(fs.f_blocks == 0 || fs.f_files > 0);
	ok(fstatfs(fd, &fs));
	is(fs.f_type, 0x01021994);
	ok(statfs("/proc", &fs));
	is(fs.f_type, 0x9fa0);
	fails(statfs("absent", &fs), ENOENT);
	fails(statfs("f/x", &fs), ENOTDIR);
	fails(fstatfs(-1, &fs), EBADF);
	fails(syscall(SYS_statfs, ".", (void *)8), EFAULT);
	ok(statvfs(".", &vfs));
	is(vfs.f_namemax, 255);
	ok(fsync(fd));
	ok(fdatasync(fd));
	ok(syscall(SYS_syncfs, fd));
	fails(fsync(-1), EBADF);
	fails(fsync(pfd[0]), EINVAL);
	sync();
	int dir = (int)need(open(".", O_RDONLY));
	ok(fsync(dir));
	gives(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
	gives(posix_fadvise(fd, 0, 100, POSIX_FADV_DONTNEED), 0);
	gives(posix_fadvise(fd, 0, 0, 77), EINVAL);
	gives(posix_fadvise(-1, 0, 0, POSIX_FADV_NORMAL), EBADF);
	gives(posix_fadvise(pfd[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
	gives(posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL), EINVAL);
	ok(sync_file_range(fd, 0, 100, 0));
	fails(sync_file_range(fd, 0, 100, 99), EINVAL);
	fails(sync_file_range(fd, -1, 100, 0), EINVAL);
}
