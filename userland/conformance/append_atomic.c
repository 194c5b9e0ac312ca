#include "test.h"
TEST("O_APPEND: every write goes to the end, between processes too")
{
	int fd = (int)need(open("f", O_RDWR | O_CREAT | O_APPEND, 0644));
	need(write(fd, "start", 5));
	need(lseek(fd, 0, SEEK_SET));
	is(write(fd, "END", 3), 3);
	text_is(get_file("f"), "startEND");
	is(lseek(fd, 0, SEEK_CUR), 8);
	/* Linux: pwrite appends as well. */
	is(pwrite(fd, "X", 1, 0), 1);
	text_is(get_file("f"), "startENDX");
	ok(fcntl(fd, F_SETFL, 0));
	is(pwrite(fd, "S", 1, 0), 1);
	text_is(get_file("f"), "StartENDX");
	need(ftruncate(fd, 0));
	pid_t pids[4];
	for (int i = 0; i < 4; i++) {
		SPAWN(pids[i], {
			int own = (int)need(open("f", O_WRONLY | O_APPEND));
			char line[16];
			snprintf(line, sizeof line, "line of %d...\n", i);
			for (int j = 0; j < 200; j++)
				need(write(own, line, 13));
		});
	}
	for (int i = 0; i < 4; i++)
		ends(pids[i], "exit 0");
	is(size_of("f"), 4 * 200 * 13);
	int counts[4] = {0}, torn = 0;
	FILE *in = fopen("f", "r");
	char line[64];
	int n;
	while (fgets(line, sizeof line, in)) {
		if (sscanf(line, "line of %d...", &n) == 1 && n >= 0 && n < 4 && strlen(line) == 13)
			counts[n]++;
		else
			torn++;
	}
	fclose(in);
	is(torn, 0);
	for (int i = 0; i < 4; i++)
		is(counts[i], 200);
}
