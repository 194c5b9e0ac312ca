/* Requests and replies. */
#include "internal.h"

/* A request that may be outstanding: the place is the low half of what names it, the generation the high half. */
struct exo_chan_place {
	uint32_t generation;
	int waits;
};

static int pack(struct exo_message *message, uint64_t id, const void *body, size_t length)
{
	if (length > EXO_BODY)
		return failed(EMSGSIZE);
	exo_message_set(message, 0, &id, sizeof id);
	message->length = (uint16_t)(sizeof id + length);
	if (length)
		memcpy(message->bytes + sizeof id, body, length);
	return 0;
}

static int unpack(const struct exo_message *message, struct exo_chan_request *request)
{
	if (message->kind != 0 || message->length < sizeof request->id)
		return failed(EBADMSG);
	memcpy(&request->id, message->bytes, sizeof request->id);
	request->length = message->length - sizeof request->id;
	memcpy(request->body, message->bytes + sizeof request->id, request->length);
	return 0;
}

int exo_chan_client_init(struct exo_chan_client *client, struct exo_ring *to, struct exo_ring *from, unsigned window)
{
	*client = (struct exo_chan_client){.to = to, .from = from, .window = window};
	client->places = calloc(window, sizeof *client->places);
	return client->places || window == 0 ? 0 : -1;
}

void exo_chan_client_end(struct exo_chan_client *client)
{
	free(client->places);
	client->places = NULL;
}

int exo_chan_ask(struct exo_chan_client *client, const void *body, size_t length, uint64_t *id,
		 const struct timespec *timeout)
{
	struct exo_message message;
	unsigned place = 0;
	while (place < client->window && client->places[place].waits)
		place++;
	if (place == client->window)
		return failed(EAGAIN);
	*id = place | (uint64_t)client->places[place].generation << 32;
	if (pack(&message, *id, body, length) < 0 || exo_ring_send(client->to, &message, 1, timeout) != 1)
		return -1;
	client->places[place].waits = 1;
	client->outstanding++;
	return 0;
}

int exo_chan_give_up(struct exo_chan_client *client, uint64_t id)
{
	uint32_t place = (uint32_t)id;
	if (place >= client->window || !client->places[place].waits || client->places[place].generation != id >> 32)
		return failed(ENOENT);
	client->places[place].waits = 0;
	client->places[place].generation++;
	client->outstanding--;
	return 0;
}

int exo_chan_answer(struct exo_chan_client *client, struct exo_chan_request *reply, const struct timespec *timeout)
{
	struct exo_message message;
	for (;;) {
		if (exo_ring_receive(client->from, &message, 1, timeout) != 1)
			return -1;
		if (unpack(&message, reply) == 0 && exo_chan_give_up(client, reply->id) == 0)
			return 0;
		client->strays++;
	}
}

long exo_chan_call(struct exo_chan_client *client, const void *body, size_t length, void *reply, size_t room,
		   const struct timespec *timeout)
{
	struct exo_chan_request answer;
	uint64_t id;
	if (exo_chan_ask(client, body, length, &id, timeout) < 0)
		return -1;
	do {
		if (exo_chan_answer(client, &answer, timeout) < 0) {
			int error = errno;
			exo_chan_give_up(client, id);
			return failed(error);
		}
	} while (answer.id != id);
	memcpy(reply, answer.body, answer.length < room ? answer.length : room);
	return (long)answer.length;
}

int exo_chan_serve(struct exo_ring *from, struct exo_chan_request *request, const struct timespec *timeout)
{
	struct exo_message message;
	if (exo_ring_receive(from, &message, 1, timeout) != 1)
		return -1;
	return unpack(&message, request);
}

int exo_chan_reply(struct exo_ring *to, const struct exo_chan_request *request, const void *body, size_t length,
		   const struct timespec *timeout)
{
	struct exo_message message;
	if (pack(&message, request->id, body, length) < 0)
		return -1;
	return exo_ring_send(to, &message, 1, timeout) == 1 ? 0 : -1;
}
