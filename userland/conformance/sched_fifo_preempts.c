#include "sched_attr.h"

/* What happened, in its order: each letter is one thread's. */
static struct events {
	unsigned count;
	char text[64];
} *events;

static void happened(char what)
{
	events->text[__atomic_fetch_add(&events->count, 1, __ATOMIC_SEQ_CST)] = what;
}

static void forget(void)
{
	memset(events, 0, sizeof *events);
}

TEST("SCHED_FIFO and SCHED_RR: the higher priority runs at once, the lower one not at all")
{
	stay_on_first_cpu();
	events = shared(sizeof *events);
	ok(set_policy(0, SCHED_FIFO, 50));
	pid_t low, high, equal;
	struct gate go = new_gate();

	/* A child of lower priority does not run before its parent waits; one of higher priority interrupts. */
	SPAWN(low, {
		set_policy(0, SCHED_FIFO, 10);
		happened('l');
		spin_ms(30);
		happened('L');
	});
	SPAWN(high, {
		set_policy(0, SCHED_FIFO, 60);
		wait_gate(go);
		happened('h');
		spin_ms(5);
		happened('H');
	});
	happened('p');
	spin_ms(30);
	happened('P');
	/* Lets both get where they want to be: the one waits, the other has just begun. */
	sleep_ms(10);
	happened('q');
	pass_gate(go);
	happened('Q');
	ends(high, "exit 0");
	ends(low, "exit 0");
	text_is(events->text, "pPlqhHQL");

	/* Who is woken with the same priority waits until the other waits; who yields goes behind its equals. */
	forget();
	SPAWN(equal, {
		happened('e');
		sched_yield();
		happened('E');
	});
	happened('p');
	spin_ms(30);
	happened('P');
	sched_yield();
	happened('q');
	sched_yield();
	happened('Q');
	ends(equal, "exit 0");
	text_is(events->text, "pPeqEQ");

	/* A thread whose priority sinks below another's gives way at once. */
	forget();
	SPAWN(equal, happened('e'));
	happened('p');
	ok(set_policy(0, SCHED_FIFO, 40));
	happened('P');
	ends(equal, "exit 0");
	text_is(events->text, "peP");
	ok(set_policy(0, SCHED_FIFO, 50));

	/* So does one that raises another above itself. */
	forget();
	SPAWN(low, {
		set_policy(0, SCHED_FIFO, 10);
		happened('l');
	});
	sched_yield();
	happened('p');
	ok(set_policy(low, SCHED_FIFO, 60));
	happened('P');
	ends(low, "exit 0");
	text_is(events->text, "plP");

	/* Ordinary threads wait for all of them, however nice the others are. */
	forget();
	SPAWN(low, {
		set_policy(0, SCHED_OTHER, 0);
		setpriority(PRIO_PROCESS, 0, -20);
		happened('l');
	});
	sched_yield();
	happened('p');
	spin_ms(50);
	happened('P');
	ends(low, "exit 0");
	text_is(events->text, "pPl");
}
