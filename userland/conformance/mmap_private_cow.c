#include "test.h"
TEST("mmap: private file mappings copy on write")
{
	put_file("f", "original text");
	int fd = (int)need(open("f", O_RDWR));
	char *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	char *b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	char *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	text_is(a, "original text");
	memcpy(a, "PRIVATE", 7);
	text_is(a, "PRIVATEl text");
	text_is(b, "original text");
	text_is(get_file("f"), "original text");
	memcpy(s, "SHARED", 6);
	text_is(get_file("f"), "SHAREDal text");
	text_is(b, "SHAREDal text");
	text_is(a, "PRIVATEl text");
	need(pwrite(fd, "written", 7, 0));
	text_is(s, "writtenl text");
	text_is(b, "writtenl text");
	CHILD({
		text_is(a, "PRIVATEl text");
		memcpy(a, "CHILD", 5);
		memcpy(b, "child", 5);
		text_is(a, "CHILDTEl text");
	});
	text_is(a, "PRIVATEl text");
	text_is(b, "writtenl text");
	close(fd);
	unlink("f");
	text_is(a, "PRIVATEl text");
	text_is(s, "writtenl text");
}
