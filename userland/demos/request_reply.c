/*
 * A server with a name, and clients that find it: each asks for square roots, several at a time, in one ring that all
 * share, and gets the replies in a ring of its own.
 *
 *   request_reply [CLIENTS] [REQUESTS]
 */
#include <errno.h>
#include <exo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_CLIENTS 64
#define WINDOW 8

struct question {
	uint32_t client;
	uint64_t number;
};

static uint64_t root(uint64_t number)
{
	uint64_t low = 0, high = 1ull << 32;
	while (high - low > 1) {
		uint64_t middle = (low + high) / 2;
		if (middle * middle <= number)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void name_of(char *name, int client)
{
	sprintf(name, "roots.%d", client);
}

static int client(int number, long requests)
{
	char name[32];
	name_of(name, number);
	struct exo_ring *to = exo_ring_open(exo_attach("roots", EXO_SEND, 0));
	struct exo_ring *from = exo_ring_open(exo_attach(name, EXO_RECEIVE, 0));
	struct exo_chan_client channel;
	if (!to || !from || exo_chan_client_init(&channel, to, from, WINDOW) < 0)
		return perror("client"), 1;
	uint64_t asked[WINDOW];
	long sent = 0, got = 0, wrong = 0;
	while (got < requests) {
		while (sent < requests && channel.outstanding < WINDOW) {
			struct question question = {(uint32_t)number, (uint64_t)sent * 7919 + (uint64_t)number};
			uint64_t id;
			if (exo_chan_ask(&channel, &question, sizeof question, &id, NULL) < 0)
				return perror("ask"), 1;
			asked[(uint32_t)id] = question.number;
			sent++;
		}
		struct exo_chan_request reply;
		uint64_t answer;
		if (exo_chan_answer(&channel, &reply, NULL) < 0)
			return perror("answer"), 1;
		memcpy(&answer, reply.body, sizeof answer);
		wrong += answer != root(asked[(uint32_t)reply.id]);
		got++;
	}
	exo_chan_client_end(&channel);
	exo_ring_close(to);
	return wrong != 0 || channel.strays != 0;
}

int main(int argc, char **argv)
{
	exo_require();
	int clients = argc > 1 ? atoi(argv[1]) : 8;
	long requests = argc > 2 ? atol(argv[2]) : 2000;
	if (clients < 1 || clients > MOST_CLIENTS)
		return fprintf(stderr, "1 to %d clients\n", MOST_CLIENTS), 2;
	int fds[2], reply[2];
	struct exo_ring *out[MOST_CLIENTS];
	if (exo_ring_create(EXO_MPMC, 6, EXO_CLOEXEC, fds) < 0 || exo_name(fds[0], "roots", 0666) < 0)
		return perror("the server's ring"), 1;
	int receiving[MOST_CLIENTS];
	for (int i = 0; i < clients; i++) {
		char name[32];
		name_of(name, i);
		if (exo_ring_create(EXO_SPSC, 4, EXO_CLOEXEC, reply) < 0 || exo_name(reply[1], name, 0666) < 0)
			return perror("a client's ring"), 1;
		out[i] = exo_ring_open(reply[1]);
		receiving[i] = reply[0];
	}
	/* The clients know the names only. */
	for (int i = 0; i < clients; i++)
		close(receiving[i]);
	for (int i = 0; i < clients; i++)
		if (fork() == 0) {
			close(fds[0]);
			close(fds[1]);
			for (int j = 0; j < clients; j++)
				exo_ring_close(out[j]);
			_exit(client(i, requests));
		}
	/* The server has a sending end of its own until it has heard of every client: from then on there are theirs only,
	   and when they have gone, so has the work. */
	struct exo_ring *in = exo_ring_open(fds[0]);
	struct exo_chan_request request;
	long served = 0;
	uint64_t heard = 0, all = clients == 64 ? UINT64_MAX : (1ull << clients) - 1;
	while (exo_chan_serve(in, &request, NULL) == 0) {
		struct question question;
		memcpy(&question, request.body, sizeof question);
		uint64_t answer = root(question.number);
		if (question.client >= (uint32_t)clients ||
		    exo_chan_reply(out[question.client], &request, &answer, sizeof answer, NULL) < 0)
			return perror("reply"), 1;
		served++;
		if (heard != all && (heard |= 1ull << question.client) == all)
			close(fds[1]);
	}
	int error = errno, status, failed = 0;
	while (wait(&status) > 0)
		failed |= status;
	printf("%ld requests of %d clients served\n", served, clients);
	return error != EPIPE || failed || served != requests * clients;
}
