#include "native.h"
#include "pass.h"

/* Threads derive from the same descriptor, use, copy, send and revoke, all at once. */
enum { THREADS = 4, ROUNDS = 300 };

static int ends_of_pipe[2], null;
static volatile int strange;

static unsigned next(unsigned *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16;
}

/* What is derived works or is revoked; nothing else happens. */
static void use(int fd)
{
	if (write(fd, "x", 1) < 0 && errno != EKEYREVOKED && errno != EBADF)
		strange = errno;
}

static void *body(void *argument)
{
	unsigned state = (unsigned)(uintptr_t)argument;
	int sock[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock))
		strange = errno;
	for (int round = 0; round < ROUNDS; round++) {
		int one = exo_cap_clone(null, EXO_ALL_RIGHTS, state, 0);
		int two = exo_cap_clone(one, EXO_ALL_RIGHTS, state, 0);
		use(one);
		use(two);
		int copy = dup(two), received = -1;
		if (send_fd(sock[0], one) > 0)
			received = receive_fd(sock[1]);
		if (next(&state) % 4 == 0)
			exo_cap_revoke(null, 0);
		if (next(&state) % 4 == 0)
			exo_cap_revoke(one, EXO_CAP_ITSELF);
		if (next(&state) % 4 == 0)
			exo_cap_restrict(two, EXO_RIGHT_WRITE);
		use(copy);
		use(received);
		if (next(&state) % 32 == 0) {
			pid_t pid = fork();
			if (pid == 0) {
				use(one);
				exo_cap_revoke(null, 0);
				_exit(strange);
			}
			int status = 0;
			if (waitpid(pid, &status, 0) != pid || status)
				strange = ECHILD;
		}
		int all[] = {one, two, copy, received};
		for (int i = 0; i < 4; i++)
			if (all[i] >= 0)
				close(all[i]);
	}
	close(sock[0]);
	close(sock[1]);
	return NULL;
}

/* Waits through derived capabilities until each is revoked. */
static void *waiter(void *argument)
{
	char byte;
	for (int round = 0; round < 50; round++) {
		int fd = exo_cap_clone(ends_of_pipe[0], EXO_ALL_RIGHTS, 0, 0);
		if (read(fd, &byte, 1) != -1 || errno != EKEYREVOKED)
			strange = EIO;
		close(fd);
	}
	return argument;
}

static void *revoker(void *argument)
{
	while (!*(volatile int *)argument) {
		exo_cap_revoke(ends_of_pipe[0], 0);
		sched_yield();
	}
	return NULL;
}

NATIVE_TEST("deriving and revoking from many threads at once")
{
	pthread_t threads[THREADS], waiting, revoking;
	int done = 0;
	null = (int)need(open("/dev/null", O_WRONLY));
	need(pipe(ends_of_pipe));
	for (int i = 0; i < THREADS; i++)
		need(-pthread_create(&threads[i], NULL, body, (void *)(uintptr_t)(i + 1)));
	need(-pthread_create(&waiting, NULL, waiter, NULL));
	need(-pthread_create(&revoking, NULL, revoker, &done));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_join(waiting, NULL);
	done = 1;
	pthread_join(revoking, NULL);
	is(strange, 0);
	is(write(null, "x", 1), 1);
}
