#include "test.h"
#include <semaphore.h>

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_barrier_t barrier;
	sem_t sem;
	int value;
};

TEST("pthread objects shared between processes")
{
	struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_barrierattr_t ba;
	pthread_mutexattr_init(&ma);
	pthread_condattr_init(&ca);
	pthread_barrierattr_init(&ba);
	gives(pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED), 0);
	gives(pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED), 0);
	gives(pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED), 0);
	gives(pthread_mutex_init(&s->mutex, &ma), 0);
	gives(pthread_cond_init(&s->cond, &ca), 0);
	gives(pthread_barrier_init(&s->barrier, &ba, 3), 0);
	ok(sem_init(&s->sem, 1, 0));
	pid_t a, b;
	SPAWN(a, {
		for (int i = 0; i < 2000; i++) {
			pthread_mutex_lock(&s->mutex);
			s->value++;
			pthread_mutex_unlock(&s->mutex);
		}
		pthread_barrier_wait(&s->barrier);
		sem_wait(&s->sem);
	});
	SPAWN(b, {
		for (int i = 0; i < 2000; i++) {
			pthread_mutex_lock(&s->mutex);
			s->value++;
			pthread_mutex_unlock(&s->mutex);
		}
		pthread_barrier_wait(&s->barrier);
		pthread_mutex_lock(&s->mutex);
		while (s->value != 1)
			pthread_cond_wait(&s->cond, &s->mutex);
		s->value = 2;
		pthread_mutex_unlock(&s->mutex);
	});
	pthread_barrier_wait(&s->barrier);
	is(s->value, 4000);
	ok(sem_post(&s->sem));
	ends(a, "exit 0");
	pthread_mutex_lock(&s->mutex);
	s->value = 1;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->mutex);
	ends(b, "exit 0");
	is(s->value, 2);
}
