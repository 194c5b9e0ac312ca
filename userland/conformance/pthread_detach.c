#include "test.h"
static struct gate done;

static void *work(void *arg)
{
	if (arg)
		pthread_detach(pthread_self());
	pass_gate(done);
	return NULL;
}

TEST("pthread: detached threads clean up after themselves")
{
	done = new_gate();
	pthread_t thread;
	pthread_attr_t attr;
	int state = -1;
	gives(pthread_attr_init(&attr), 0);
	gives(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED), 0);
	gives(pthread_attr_getdetachstate(&attr, &state), 0);
	is(state, PTHREAD_CREATE_DETACHED);
	gives(pthread_attr_setdetachstate(&attr, 5), EINVAL);
	for (int i = 0; i < 100; i++) {
		need(-pthread_create(&thread, &attr, work, NULL));
		wait_gate(done);
	}
	note("100 detached at birth");
	for (int i = 0; i < 100; i++) {
		need(-pthread_create(&thread, NULL, work, (void *)1));
		wait_gate(done);
	}
	note("100 detached by themselves");
	gives(pthread_create(&thread, NULL, work, NULL), 0);
	gives(pthread_detach(thread), 0);
	wait_gate(done);
}
