#include "test.h"
#include <semaphore.h>

static sem_t sem, done;
static int value;

static void *worker(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		sem_wait(&sem);
		value++;
		sem_post(&sem);
	}
	sem_post(&done);
	return arg;
}
static void on_alarm(int sig) { (void)sig; }

TEST("unnamed semaphores: values, timeouts, interruption, contention")
{
	int v = -1;
	ok(sem_init(&sem, 0, 2));
	ok(sem_getvalue(&sem, &v));
	is(v, 2);
	ok(sem_wait(&sem));
	ok(sem_trywait(&sem));
	fails(sem_trywait(&sem), EAGAIN);
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	fails(sem_timedwait(&sem, &t), ETIMEDOUT);
	t.tv_nsec = 1000000000;
	fails(sem_timedwait(&sem, &t), EINVAL);
	fails(sem_init(&done, 0, (unsigned)INT_MAX + 1), EINVAL);
	struct sigaction sa = {.sa_handler = on_alarm};
	sigaction(SIGALRM, &sa, NULL);
	struct itimerval timer = {{0, 0}, {0, 20000}};
	setitimer(ITIMER_REAL, &timer, NULL);
	fails(sem_wait(&sem), EINTR);
	ok(sem_post(&sem));
	ok(sem_init(&done, 0, 0));
	pthread_t thread;
	for (int i = 0; i < 4; i++) {
		need(-pthread_create(&thread, NULL, worker, NULL));
		pthread_detach(thread);
	}
	for (int i = 0; i < 4; i++)
		need(sem_wait(&done));
	is(value, 4000);
}
