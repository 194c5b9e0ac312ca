#include "native.h"

static const struct timespec moment = {0, 20000000};

struct pair {
	struct exo_ring *in, *out;
};

static struct pair pair(unsigned shift)
{
	int fds[2];
	need(exo_ring_create(EXO_SPSC, shift, 0, fds));
	return (struct pair){exo_ring_open(fds[0]), exo_ring_open(fds[1])};
}

static void end(struct pair *pairs, int count)
{
	for (int i = 0; i < count; i++) {
		exo_ring_close(pairs[i].in);
		exo_ring_close(pairs[i].out);
	}
}

static struct exo_message message(int number)
{
	struct exo_message m;
	exo_message_set(&m, 0, &number, sizeof number);
	return m;
}

/* The numbers that are there, in one text. */
static const char *there(struct exo_ring *in)
{
	static char text[4][256];
	static int turn;
	struct exo_message got;
	char *to = text[turn++ & 3];
	*to = 0;
	while (exo_ring_take(in, &got, 1) == 1)
		sprintf(to + strlen(to), "%d ", (int)got.words[0]);
	return to;
}

static void typed(void)
{
	struct position {
		int x, y;
	} sent = {3, -4}, got = {0};
	struct pair p = pair(3);
	char large[57];
	ok(exo_chan_send(p.out, 1, &sent, sizeof sent, NULL));
	ok(exo_chan_receive(p.in, 1, &got, sizeof got, NULL));
	is(got.x, 3);
	is(got.y, -4);
	ok(exo_chan_send(p.out, 2, &sent, sizeof sent, NULL));
	fails(exo_chan_receive(p.in, 1, &got, sizeof got, NULL), EBADMSG);
	fails(exo_chan_receive(p.in, 1, &got, sizeof got, &moment), ETIMEDOUT);
	fails(exo_chan_send(p.out, 1, large, sizeof large, NULL), EMSGSIZE);
	end(&p, 1);
}

static void fan(void)
{
	struct pair p[3] = {pair(2), pair(2), pair(2)};
	struct exo_chan_fan fan;
	struct exo_message m;
	exo_chan_fan_init(&fan, EXO_WAIT);
	for (int i = 0; i < 3; i++)
		ok(exo_chan_subscribe(&fan, p[i].out, 1u << i));
	m = message(1);
	is(exo_chan_broadcast(&fan, &m), 3);
	m = message(2);
	is(exo_chan_multicast(&fan, 5, &m), 2);
	text_is(there(p[0].in), "1 2 ");
	text_is(there(p[1].in), "1 ");
	/* The third is full soon: nobody gets more, or it misses some. */
	is(exo_chan_broadcast(&fan, &m), 3);
	is(exo_chan_broadcast(&fan, &m), 3);
	fails(exo_chan_broadcast(&fan, &m), EAGAIN);
	text_is(there(p[0].in), "2 2 ");
	fan.policy = EXO_SKIP;
	is(exo_chan_broadcast(&fan, &m), 2);
	is(fan.seats[2].missed, 1);
	/* One that goes is no subscriber any more. */
	exo_ring_close(p[1].in);
	m = message(3);
	is(exo_chan_broadcast(&fan, &m), 1);
	is(fan.count, 2);
	ok(exo_chan_unsubscribe(&fan, p[0].out));
	fails(exo_chan_unsubscribe(&fan, p[0].out), ENOENT);
	text_is(there(p[0].in), "2 3 ");
	text_is(there(p[2].in), "1 2 2 2 ");
	exo_chan_fan_end(&fan);
	exo_ring_close(p[1].out);
	end(&p[0], 1);
	end(&p[2], 1);
}

static void any(void)
{
	struct pair p[2] = {pair(2), pair(2)};
	struct exo_chan_any any;
	struct exo_message m;
	exo_chan_any_init(&any);
	m = message(0);
	fails(exo_chan_any_send(&any, &m), EPIPE);
	ok(exo_chan_any_add(&any, p[0].out));
	ok(exo_chan_any_add(&any, p[1].out));
	for (int i = 0; i < 4; i++) {
		m = message(i);
		ok(exo_chan_any_send(&any, &m));
	}
	text_is(there(p[0].in), "0 2 ");
	for (int i = 4; i < 7; i++) {
		m = message(i);
		ok(exo_chan_any_send(&any, &m));
	}
	text_is(there(p[1].in), "1 3 6 ");
	text_is(there(p[0].in), "4 5 ");
	exo_ring_close(p[0].in);
	for (int i = 0; i < 4; i++)
		ok(exo_chan_any_send(&any, &m));
	fails(exo_chan_any_send(&any, &m), EAGAIN);
	is(any.count, 1);
	exo_ring_close(p[1].in);
	fails(exo_chan_any_send(&any, &m), EPIPE);
	exo_chan_any_end(&any);
	exo_ring_close(p[0].out);
	exo_ring_close(p[1].out);
}

static void priority(void)
{
	struct pair p[2] = {pair(4), pair(4)};
	struct exo_ring *in[] = {p[0].in, p[1].in}, *out[] = {p[0].out, p[1].out};
	struct exo_chan_priority sender, receiver;
	struct exo_message m, got;
	unsigned shares[] = {3, 1};
	fails(exo_chan_priority_init(&sender, out, NULL, 0), EINVAL);
	need(exo_chan_priority_init(&sender, out, NULL, 2));
	need(exo_chan_priority_init(&receiver, in, shares, 2));
	m = message(1);
	ok(exo_chan_priority_send(&sender, 9, &m, NULL));
	for (int i = 0; i < 6; i++) {
		m = message(100 + i);
		exo_chan_priority_send(&sender, 0, &m, NULL);
	}
	m = message(2);
	exo_chan_priority_send(&sender, 1, &m, NULL);
	char order[16] = "";
	while (exo_chan_priority_receive(&receiver, &got, &moment) >= 0)
		strcat(order, got.words[0] < 100 ? "b" : "u");
	is(errno, ETIMEDOUT);
	text_is(order, "uuubuuub");
	/* It sleeps until either has something. */
	pid_t child;
	SPAWN(child, {
		sleep_ms(30);
		exo_chan_priority_send(&sender, 1, &m, NULL);
	});
	is(exo_chan_priority_receive(&receiver, &got, NULL), 1);
	ends(child, "exit 0");
	exo_ring_close(out[0]);
	exo_ring_close(out[1]);
	fails(exo_chan_priority_receive(&receiver, &got, NULL), EPIPE);
	exo_ring_close(in[0]);
	exo_ring_close(in[1]);
}

static void requests(void)
{
	struct pair to = pair(3), from = pair(3);
	struct exo_chan_client client;
	struct exo_chan_request request, reply;
	uint64_t ids[3];
	need(exo_chan_client_init(&client, to.out, from.in, 2));
	ok(exo_chan_ask(&client, "one", 3, &ids[0], NULL));
	ok(exo_chan_ask(&client, "two", 3, &ids[1], NULL));
	fails(exo_chan_ask(&client, "three", 5, &ids[2], NULL), EAGAIN);
	char large[49];
	ok(exo_chan_give_up(&client, ids[0]));
	fails(exo_chan_give_up(&client, ids[0]), ENOENT);
	fails(exo_chan_ask(&client, large, sizeof large, &ids[2], NULL), EMSGSIZE);
	for (int i = 0; i < 2; i++) {
		ok(exo_chan_serve(to.in, &request, NULL));
		ok(exo_chan_reply(from.out, &request, request.body, request.length, NULL));
	}
	ok(exo_chan_answer(&client, &reply, NULL));
	holds(reply.id == ids[1] && reply.length == 3 && !memcmp(reply.body, "two", 3));
	is(client.strays, 1);
	is(client.outstanding, 0);
	fails(exo_chan_answer(&client, &reply, &moment), ETIMEDOUT);
	exo_chan_client_end(&client);
	end(&to, 1);
	end(&from, 1);
}

static void flow(void)
{
	struct exo_chan_credit credit;
	struct exo_chan_grants grants;
	uint64_t grant = 0;
	exo_chan_credit_init(&credit, 4);
	exo_chan_grants_init(&grants, 4);
	int sent = 0;
	while (exo_chan_credit_take(&credit))
		sent++;
	is(sent, 4);
	is(exo_chan_grants_consumed(&grants, 1, &grant), 0);
	is(exo_chan_grants_consumed(&grants, 1, &grant), 1);
	is(grant, 6);
	ok(exo_chan_credit_grant(&credit, grant));
	ok(exo_chan_credit_grant(&credit, 5));
	fails(exo_chan_credit_grant(&credit, 9), EPROTO);
	is(exo_chan_credit_take(&credit) + exo_chan_credit_take(&credit) + exo_chan_credit_take(&credit), 2);
	struct exo_chan_coalescer coalescer;
	exo_chan_coalescer_init(&coalescer, 1000, 16);
	is(exo_chan_coalescer_sent(&coalescer, 0), 1);
	is(exo_chan_coalescer_sent(&coalescer, 5000), 1);
	int wakes = 0;
	for (unsigned i = 0; i < 160; i++)
		wakes += exo_chan_coalescer_sent(&coalescer, 10000 + i * 20);
	holds(wakes <= 20);
	/* Nothing is held back for ever. */
	exo_chan_coalescer_sent(&coalescer, 20000);
	exo_chan_coalescer_sent(&coalescer, 20001);
	if (coalescer.pending)
		is(exo_chan_coalescer_due(&coalescer, UINT64_MAX), 1);
	is(exo_chan_coalescer_due(&coalescer, UINT64_MAX), 0);
	/* A receiver that sleeps is woken for a burst now and then, and gets all of it. */
	struct pair p = pair(8);
	pid_t child;
	SPAWN(child, {
		exo_chan_coalescer_init(&coalescer, 50000000, 32);
		for (int i = 0; i < 1000; i++) {
			struct exo_message m = message(i);
			need(exo_chan_send_coalesced(p.out, &coalescer, &m, NULL));
		}
		exo_chan_flush(p.out, &coalescer);
	});
	int got = 0;
	struct exo_message messages[64];
	while (got < 1000)
		got += (int)need(exo_ring_receive(p.in, messages, 64, NULL));
	ends(child, "exit 0");
	struct exo_ring_stat stat;
	need(exo_ring_stat(exo_ring_fd(p.in), &stat));
	holds(stat.receiver_wakes < 200);
	end(&p, 1);
}

NATIVE_TEST("channels over rings")
{
	typed();
	fan();
	any();
	priority();
	requests();
	flow();
}
