#include "native.h"

NATIVE_TEST("the native calls are there, and unknown ones are not")
{
	is(exo_version(), EXO_VERSION);
	fails(syscall(0xfff), ENOSYS);
	fails(syscall(0x10ff), ENOSYS);
	fails(syscall(0x1fff), ENOSYS);
	fails(syscall(0xffff), ENOSYS);
}
