#include "test.h"
#include <sys/msg.h>

static int id;
static struct message {
	long type;
	char text[8192];
} m;

static void on_alarm(int sig) { (void)sig; }

static const char *receive(size_t size, long type, int flags)
{
	static char got[8300];
	memset(&m, 0, sizeof m);
	if (msgrcv(id, &m, size, type, flags) < 0)
		return errno_name(errno);
	snprintf(got, sizeof got, "%ld %s", m.type, m.text);
	return got;
}
static int send(long type, const char *text)
{
	m.type = type;
	strcpy(m.text, text);
	return msgsnd(id, &m, strlen(text), 0);
}

TEST("message queues: waiting receivers and senders, signals, IPC_SET and removal meanwhile, msgctl")
{
	pid_t pid[3];
	struct msqid_ds ds;
	struct msginfo info;
	time_t before = time(NULL);
	need(id = msgget(0x3a3e02, IPC_CREAT | 0620));
	ok(msgctl(id, IPC_STAT, &ds));
	is(ds.msg_perm.mode, 0620);
	is(ds.msg_qbytes, 16384);
	is(ds.msg_qnum + ds.msg_cbytes, 0);
	is(ds.msg_stime + ds.msg_rtime, 0);
	is(ds.msg_lspid + ds.msg_lrpid, 0);
	holds(ds.msg_ctime >= before);

	/* Each gets what it waits for; one that waits for less learns so. */
	SPAWN(pid[0], text_is(receive(100, 5, 0), "5 for five"));
	await_state(pid[0], 'S');
	SPAWN(pid[1], text_is(receive(3, -3, 0), "E2BIG"));
	await_state(pid[1], 'S');
	SPAWN(pid[2], text_is(receive(3, 1, MSG_EXCEPT | MSG_NOERROR), "2 two"));
	await_state(pid[2], 'S');
	ok(send(5, "for five"));
	ends(pid[0], "exit 0");
	ok(send(2, "two and more"));
	ends(pid[1], "exit 0");
	ends(pid[2], "exit 0");
	ok(msgctl(id, IPC_STAT, &ds));
	is(ds.msg_qnum, 0);
	is(ds.msg_lspid == getpid(), 1);
	is(ds.msg_lrpid == pid[2], 1);
	holds(ds.msg_stime >= before && ds.msg_rtime >= before);

	/* A full queue. */
	memset(m.text, 'x', sizeof m.text);
	m.type = 9;
	need(msgsnd(id, &m, 8192, 0));
	need(msgsnd(id, &m, 8192, 0));
	ok(msgctl(id, IPC_STAT, &ds));
	is(ds.msg_qnum, 2);
	is(ds.msg_cbytes, 16384);
	SPAWN(pid[0], ok(send(1, "had to wait")));
	await_state(pid[0], 'S');
	is(msgrcv(id, &m, 8192, 9, 0), 8192);
	ends(pid[0], "exit 0");
	is(msgrcv(id, &m, 8192, 9, 0), 8192);
	text_is(receive(100, 0, IPC_NOWAIT), "1 had to wait");

	/* Less room by IPC_SET, and then more. */
	ds.msg_qbytes = 10;
	ds.msg_perm.mode = 0777;
	ok(msgctl(id, IPC_SET, &ds));
	m.type = 1;
	fails(msgsnd(id, &m, 11, IPC_NOWAIT), EAGAIN);
	ok(msgsnd(id, &m, 10, IPC_NOWAIT));
	SPAWN(pid[0], ok(send(1, "later")));
	await_state(pid[0], 'S');
	ds.msg_qbytes = 100;
	ok(msgctl(id, IPC_SET, &ds));
	ends(pid[0], "exit 0");
	is(msgrcv(id, &m, 100, 0, 0), 10);
	is(msgrcv(id, &m, 100, 0, 0), 5);
	ds.msg_qbytes = 16385;
	ok(msgctl(id, IPC_SET, &ds));
	CHILD({
		ds.msg_perm.uid = 55;
		ds.msg_qbytes = 16384;
		ok(msgctl(id, IPC_SET, &ds));
		become(55);
		ds.msg_qbytes = 16385;
		fails(msgctl(id, IPC_SET, &ds), EPERM);
		ds.msg_qbytes = 16000;
		ok(msgctl(id, IPC_SET, &ds));
	});

	/* Signals: a handler ends the wait even with SA_RESTART; stopping does not. */
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &sa, NULL);
	struct itimerval timer = {{0, 0}, {0, 20000}};
	setitimer(ITIMER_REAL, &timer, NULL);
	text_is(receive(100, 0, 0), "EINTR");
	SPAWN(pid[0], text_is(receive(100, 0, 0), "1 after all"));
	await_state(pid[0], 'S');
	kill(pid[0], SIGSTOP);
	await_state(pid[0], 'T');
	kill(pid[0], SIGCONT);
	await_state(pid[0], 'S');
	ok(send(1, "after all"));
	join_child(pid[0]);

	/* Who may no longer read learns it. */
	ds.msg_perm.mode = 0666;
	ds.msg_perm.uid = 0;
	ok(msgctl(id, IPC_SET, &ds));
	SPAWN(pid[0], become(66); text_is(receive(100, 0, 0), "EACCES"));
	await_state(pid[0], 'S');
	ds.msg_perm.mode = 0600;
	ok(msgctl(id, IPC_SET, &ds));
	ends(pid[0], "exit 0");

	int highest = -1;
	ok(highest = msgctl(0, IPC_INFO, (struct msqid_ds *)&info));
	holds(highest >= (id & 0x7fff));
	is(info.msgmni, 32000);
	is(info.msgmax, 8192);
	is(info.msgmnb, 16384);
	is(info.msgpool, 512000);
	is(info.msgmap, 16384);
	is(info.msgtql, 16384);
	is(info.msgssz, 16);
	is(info.msgseg, 65535);
	is(msgctl(0, MSG_INFO, (struct msqid_ds *)&info) == highest, 1);
	int queues = info.msgpool, messages = info.msgmap, bytes = info.msgtql;
	ok(send(1, "counted"));
	ok(msgctl(0, MSG_INFO, (struct msqid_ds *)&info));
	is(info.msgpool - queues, 0);
	is(info.msgmap - messages, 1);
	is(info.msgtql - bytes, 7);
	is(msgctl(id & 0x7fff, MSG_STAT, &ds) == id, 1);
	is(ds.msg_perm.__key, 0x3a3e02);
	is(msgctl(id & 0x7fff, 13 /* MSG_STAT_ANY */, &ds) == id, 1);
	fails(msgctl(id, 99, &ds), EINVAL);
	fails(msgctl(id, IPC_STAT, (void *)8), EFAULT);
	fails(msgctl(id, IPC_SET, (void *)8), EFAULT);
	fails(msgctl(-1, IPC_STAT, &ds), EINVAL);

	SPAWN(pid[0], text_is(receive(100, 2, 0), "EIDRM"));
	await_state(pid[0], 'S');
	memset(m.text, 'x', sizeof m.text);
	m.type = 1;
	need(msgsnd(id, &m, 7000, 0));
	need(msgsnd(id, &m, 7000, 0));
	SPAWN(pid[1], m.type = 1; fails(msgsnd(id, &m, 7000, 0), EIDRM));
	await_state(pid[1], 'S');
	ok(msgctl(id, IPC_RMID, NULL));
	ends(pid[0], "exit 0");
	ends(pid[1], "exit 0");
	ok(msgctl(0, MSG_INFO, (struct msqid_ds *)&info));
	is(info.msgpool - queues, -1);
	is(info.msgtql - bytes, 0);
}
