/*
 * What busybox's tc says of the CBQ queueing discipline. Linux 6.8 took CBQ and its part of
 * <linux/pkt_sched.h> away; busybox 1.35 still prints it. The layout is the one that Linux 6.1 has.
 */
#include <linux/pkt_sched.h>

#ifndef TC_CBQ_MAXPRIO
#define TC_CBQ_MAXPRIO 8
#define TCF_CBQ_LSS_BOUNDED 1
#define TCF_CBQ_LSS_ISOLATED 2

struct tc_cbq_lssopt {
	__u8 change, flags, ewma_log, level;
	__u32 maxidle, minidle, offtime, avpkt;
};
struct tc_cbq_wrropt {
	__u8 flags, priority, cpriority, __reserved;
	__u32 allot, weight;
};
struct tc_cbq_ovl {
	__u8 strategy, priority2;
	__u16 pad;
	__u32 penalty;
};
struct tc_cbq_fopt {
	__u32 split, defmap, defchange;
};

enum {
	TCA_CBQ_LSSOPT = 1,
	TCA_CBQ_WRROPT,
	TCA_CBQ_FOPT,
	TCA_CBQ_OVL_STRATEGY,
	TCA_CBQ_RATE,
	TCA_CBQ_RTAB,
	TCA_CBQ_POLICE,
};
#define TCA_CBQ_MAX TCA_CBQ_POLICE
#endif
